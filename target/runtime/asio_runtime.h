// AsioRuntime: the Runtime of a server. Sockets and timers on one Asio io_context (epoll); files on one io_uring ring whose eventfd
// the io_context watches (plain writes on a thread beside it), or, where the kernel forbids io_uring, on a small thread pool with
// preadv/pwritev2. One thread runs it. Whatever it has made ends before it does; what waits in it then is destroyed uncalled.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "target/runtime/runtime.h"

namespace shoal {

enum class FileEngine { best, uring, threads };  // best: uring where it works, else threads

class AsioRuntime final : public Runtime {
 public:
  explicit AsioRuntime(FileEngine files = FileEngine::best);
  ~AsioRuntime() override;
  AsioRuntime(const AsioRuntime&) = delete;

  boost::asio::io_context& context();  // for what else lives on this thread: HTTP, etcd, signals
  FileEngine file_engine() const;      // the one in use
  void run();                          // until stop()
  void stop();                         // from any thread or a signal handler of Asio's

  Time now() const override;
  std::uint64_t wall_clock_ms() const override;
  Random& random() override;
  void post(Completion<> task) override;
  std::unique_ptr<Timer> after(Duration delay, Completion<> task) override;
  void connect(const Endpoint& to, Duration timeout, Completion<Result<std::unique_ptr<Stream>, NetError>> done) override;
  Result<std::unique_ptr<Listener>, NetError> listen(const Endpoint& at,
                                                     UniqueFunction<void(std::unique_ptr<Stream>)> on_accept) override;
  Result<std::unique_ptr<File>, FileError> open_file(const std::string& path, bool create) override;
  Result<OpenDevice, FileError> open_device(const std::string& path, DeviceOpen how) override;
  SharedBytes device_memory(std::size_t bytes) override;
  void sync_directory(const std::string& path, Completion<Result<void, FileError>> done) override;
  Result<std::unique_ptr<DirectoryLock>, FileError> lock_directory(const std::string& path) override;
  Result<std::uint64_t, FileError> file_size(const std::string& path) override;
  Result<void, FileError> make_directories(const std::string& path) override;
  Result<std::vector<std::string>, FileError> list_directory(const std::string& path) override;
  Result<void, FileError> remove_tree(const std::string& path) override;
  Result<std::string, FileError> read_whole(const std::string& path) override;
  Result<void, FileError> replace_whole(const std::string& path, std::string_view text) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal
