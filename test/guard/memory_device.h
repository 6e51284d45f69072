// MemoryDeviceRuntime: a runtime whose devices are memory of this process, so that what a store asks of its device
// comes in the same order each time, however busy the machine is. All else is the other runtime's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "target/runtime/runtime.h"

namespace shoal::test {

class MemoryDeviceRuntime final : public Runtime {
 public:
  explicit MemoryDeviceRuntime(Runtime& other) : other_(other) {}

  Result<OpenDevice, FileError> open_device(const std::string& path, DeviceOpen how) override;
  void sync_directory(const std::string& path, Completion<Result<void, FileError>> done) override;

  Time now() const override { return other_.now(); }
  std::uint64_t wall_clock_ms() const override { return other_.wall_clock_ms(); }
  Random& random() override { return other_.random(); }
  void post(Completion<> task) override { other_.post(std::move(task)); }
  std::unique_ptr<Timer> after(Duration delay, Completion<> task) override {
    return other_.after(delay, std::move(task));
  }
  void connect(const Endpoint& to, Duration timeout,
               Completion<Result<std::unique_ptr<Stream>, NetError>> done) override {
    other_.connect(to, timeout, std::move(done));
  }
  Result<std::unique_ptr<Listener>, NetError> listen(const Endpoint& at,
                                                     UniqueFunction<void(std::unique_ptr<Stream>)> on_accept) override {
    return other_.listen(at, std::move(on_accept));
  }
  Result<std::unique_ptr<File>, FileError> open_file(const std::string& path, bool create) override {
    return other_.open_file(path, create);
  }
  Result<std::unique_ptr<DirectoryLock>, FileError> lock_directory(const std::string& path) override {
    return other_.lock_directory(path);
  }
  Result<std::uint64_t, FileError> file_size(const std::string& path) override { return other_.file_size(path); }
  Result<void, FileError> make_directories(const std::string& path) override { return other_.make_directories(path); }
  Result<std::vector<std::string>, FileError> list_directory(const std::string& path) override {
    return other_.list_directory(path);
  }
  Result<void, FileError> remove_tree(const std::string& path) override { return other_.remove_tree(path); }
  Result<std::string, FileError> read_whole(const std::string& path) override { return other_.read_whole(path); }
  Result<void, FileError> replace_whole(const std::string& path, std::string_view text) override {
    return other_.replace_whole(path, text);
  }

 private:
  Runtime& other_;
};

}  // namespace shoal::test
