#include "target/runtime/asio_runtime.h"

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>

#include "target/runtime/asio_connect.h"
#include "target/runtime/asio_listener.h"
#include "target/runtime/engine_file.h"
#include "target/runtime/mixed_file_engine.h"
#include "target/runtime/posix_devices.h"
#include "target/runtime/posix_files.h"
#include "target/runtime/run_queue.h"
#include "target/runtime/system_random.h"
#include "target/runtime/timer_queue.h"

namespace shoal {

namespace {
constexpr std::size_t kFileThreads = 4;  // where there is no io_uring
}

struct AsioRuntime::Impl {
  explicit Impl(FileEngine wanted);
  ~Impl();

  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stays{context.get_executor()};
  RunQueue queue{context};
  std::shared_ptr<TimerQueue> timers = std::make_shared<TimerQueue>(context);
  SystemRandom random;
  std::shared_ptr<FileExecutor> files;
  FileEngine engine = FileEngine::threads;
};

AsioRuntime::Impl::Impl(FileEngine wanted) {
  if (wanted != FileEngine::threads) files = MixedFileEngine::create(context, queue);
  if (!files && wanted == FileEngine::uring) throw std::runtime_error("this kernel does not permit io_uring");
  if (files) {
    engine = FileEngine::uring;
  } else {
    files = std::make_shared<ThreadFileEngine>(context, queue, kFileThreads);
  }
  queue.at_turn_end([executor = files.get()] { return executor->turn(); });
}

// What is queued ends first: it may own files, timers and streams, which need what goes after it.
AsioRuntime::Impl::~Impl() {
  queue.clear();
  files.reset();
}

AsioRuntime::AsioRuntime(FileEngine files) : impl_(std::make_unique<Impl>(files)) {}
AsioRuntime::~AsioRuntime() = default;

boost::asio::io_context& AsioRuntime::context() { return impl_->context; }
FileEngine AsioRuntime::file_engine() const { return impl_->engine; }

void AsioRuntime::run() {
  impl_->context.run();
  impl_->context.restart();
}

void AsioRuntime::stop() { impl_->context.stop(); }

Time AsioRuntime::now() const { return monotonic_now(); }

std::uint64_t AsioRuntime::wall_clock_ms() const {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count());
}

Random& AsioRuntime::random() { return impl_->random; }
void AsioRuntime::post(Completion<> task) { impl_->queue.post(std::move(task)); }

std::unique_ptr<Timer> AsioRuntime::after(Duration delay, Completion<> task) {
  return impl_->timers->after(delay, std::move(task));
}

void AsioRuntime::connect(const Endpoint& to, Duration timeout, ConnectDone done) {
  asio_connect(impl_->context, impl_->queue, *impl_->timers, to, timeout, std::move(done));
}

Result<std::unique_ptr<Listener>, NetError> AsioRuntime::listen(
    const Endpoint& at, UniqueFunction<void(std::unique_ptr<Stream>)> on_accept) {
  return asio_listen(impl_->context, impl_->queue, *impl_->timers, at, std::move(on_accept));
}

Result<std::unique_ptr<File>, FileError> AsioRuntime::open_file(const std::string& path, bool create) {
  const auto file = posix::open_file(path, create);
  if (!file) return file.error();
  return make_engine_file(*file, impl_->files);
}

Result<OpenDevice, FileError> AsioRuntime::open_device(const std::string& path, DeviceOpen how) {
  auto device = posix::open_device(path, how);
  if (!device) return device.error();
  return OpenDevice{make_engine_file(std::move(device->file), impl_->files), device->bytes, std::move(device->facts)};
}

SharedBytes AsioRuntime::device_memory(std::size_t bytes) { return impl_->files->memory(bytes); }

void AsioRuntime::sync_directory(const std::string& path, Completion<Result<void, FileError>> done) {
  const auto directory = posix::open_directory(path);
  if (!directory) return post([done = std::move(done), error = directory.error()]() mutable { done(error); });
  impl_->files->start(FileOperation::sync(*directory, std::move(done)));
}

Result<std::unique_ptr<DirectoryLock>, FileError> AsioRuntime::lock_directory(const std::string& path) {
  return posix::lock_directory(path);
}

Result<std::uint64_t, FileError> AsioRuntime::file_size(const std::string& path) { return posix::file_size(path); }

Result<void, FileError> AsioRuntime::make_directories(const std::string& path) { return posix::make_directories(path); }

Result<std::vector<std::string>, FileError> AsioRuntime::list_directory(const std::string& path) {
  return posix::list_directory(path);
}

Result<void, FileError> AsioRuntime::remove_tree(const std::string& path) { return posix::remove_tree(path); }

Result<std::string, FileError> AsioRuntime::read_whole(const std::string& path) { return posix::read_whole(path); }

Result<void, FileError> AsioRuntime::replace_whole(const std::string& path, std::string_view text) {
  return posix::replace_whole(path, text);
}

}  // namespace shoal
