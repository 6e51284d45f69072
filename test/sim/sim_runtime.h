// SimRuntime: the Runtime of one process of a simulated host.
#pragma once

#include "target/runtime/runtime.h"
#include "test/sim/host.h"

namespace shoal::sim {

class SimRuntime final : public Runtime {
 public:
  explicit SimRuntime(Host& host);

  Time now() const override { return host_.clock(); }
  std::uint64_t wall_clock_ms() const override { return host_.wall_clock_ms(); }
  Random& random() override { return random_; }
  void post(Completion<> task) override;
  std::unique_ptr<Timer> after(Duration delay, Completion<> task) override;
  void connect(const Endpoint& to, Duration timeout,
               Completion<Result<std::unique_ptr<Stream>, NetError>> done) override;
  Result<std::unique_ptr<Listener>, NetError> listen(const Endpoint& at,
                                                     UniqueFunction<void(std::unique_ptr<Stream>)> on_accept) override;
  Result<std::unique_ptr<File>, FileError> open_file(const std::string& path, bool create) override;
  Result<OpenDevice, FileError> open_device(const std::string& path, DeviceOpen how) override;
  void sync_directory(const std::string& path, Completion<Result<void, FileError>> done) override;
  Result<std::unique_ptr<DirectoryLock>, FileError> lock_directory(const std::string& path) override;
  Result<std::uint64_t, FileError> file_size(const std::string& path) override;
  Result<void, FileError> make_directories(const std::string& path) override;
  Result<std::vector<std::string>, FileError> list_directory(const std::string& path) override;
  Result<void, FileError> remove_tree(const std::string& path) override;
  Result<std::string, FileError> read_whole(const std::string& path) override;
  Result<void, FileError> replace_whole(const std::string& path, std::string_view text) override;

 private:
  Host& host_;
  SeededRandom random_;
};

}  // namespace shoal::sim
