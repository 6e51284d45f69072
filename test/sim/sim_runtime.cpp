#include "test/sim/sim_runtime.h"

#include <map>

#include "test/sim/world.h"

namespace shoal::sim {
namespace {

class SimTimer final : public Timer {
 public:
  SimTimer(Host& host, EventKey key) : host_(host), process_(host.process()), key_(key) {}
  ~SimTimer() override { host_.cancel(process_, key_); }

 private:
  Host& host_;
  std::uint64_t process_;
  EventKey key_;
};

class SimListener final : public Listener {
 public:
  SimListener(Network& network, std::shared_ptr<ListenerState> state) : network_(network), state_(std::move(state)) {}
  ~SimListener() override {
    network_.close(state_);
    state_->on_accept = {};
  }
  Endpoint local() const override { return state_->at; }

 private:
  Network& network_;
  std::shared_ptr<ListenerState> state_;
};

// Completions are called only while the File that was asked still lives.
class SimFile final : public File {
 public:
  SimFile(Disk& disk, std::string path, Disk::FileNode node, Disk::Lock lock = nullptr)
      : disk_(disk), path_(std::move(path)), node_(std::move(node)), lock_(std::move(lock)) {}

  void read(std::uint64_t offset, MutableByteSpan into, Completion<Result<std::size_t, FileError>> done) override {
    // Into memory of its own first: the caller's may go with the File, before this happens.
    auto buffer = std::make_shared<std::vector<std::byte>>(into.size());
    submit({.call = DiskCall::read,
            .offset = offset,
            .length = into.size(),
            .perform = [node = node_, offset, buffer] { return node->read(offset, *buffer); },
            .done =
                [into, buffer, done = std::move(done)](Result<std::size_t, FileError> result) mutable {
                  if (result) std::copy_n(buffer->begin(), *result, into.begin());
                  done(result);
                }});
  }

  void write(std::uint64_t offset, Slices data, SyncMode mode, Completion<Result<void, FileError>> done) override {
    const bool durable = mode == SyncMode::data;
    const std::size_t size = total_size(data);
    submit({.call = DiskCall::write,
            .offset = offset,
            .length = size,
            .durable = durable,
            .perform =
                [node = node_, offset, data = std::move(data)] {
                  std::uint64_t at = offset;
                  for (const Slice& slice : data) {
                    node->write(at, slice.bytes());
                    at += slice.size();
                  }
                  return std::size_t{0};
                },
            .harden =
                [node = node_, offset, size, durable] {
                  if (durable) node->harden(offset, size);
                },
            .done = without_size(std::move(done))});
  }

  void sync(Completion<Result<void, FileError>> done) override {
    submit({.call = DiskCall::sync,
            .perform =
                [node = node_] {
                  node->sync();
                  return std::size_t{0};
                },
            .fail = [node = node_] { node->fail_sync(); },
            .done = without_size(std::move(done))});
  }

  void punch(std::uint64_t offset, std::uint64_t length, Completion<Result<void, FileError>> done) override {
    submit({.call = DiskCall::punch,
            .offset = offset,
            .length = length,
            .perform =
                [node = node_, offset, length] {
                  node->punch(offset, length);
                  return std::size_t{0};
                },
            .done = without_size(std::move(done))});
  }

 private:
  static UniqueFunction<void(Result<std::size_t, FileError>)> without_size(Completion<Result<void, FileError>> done) {
    return [done = std::move(done)](Result<std::size_t, FileError> result) mutable {
      result ? done({}) : done(result.error());
    };
  }

  using Done = UniqueFunction<void(Result<std::size_t, FileError>)>;

  // What would have been called goes with the file, as with a real one: it may hold on to what ends soon after.
  void submit(Disk::Request request) {
    request.path = path_;
    const std::uint64_t number = next_call_++;
    (*calls_)[number] = std::move(request.done);
    request.done = [calls = std::weak_ptr(calls_), number](Result<std::size_t, FileError> result) {
      auto pending = calls.lock();
      if (!pending) return;
      const auto call = pending->extract(number);
      pending.reset();
      call.mapped()(result);
    };
    disk_.submit(std::move(request));
  }

  Disk& disk_;
  std::string path_;
  Disk::FileNode node_;
  Disk::Lock lock_;  // of a device
  std::shared_ptr<std::map<std::uint64_t, Done>> calls_ = std::make_shared<std::map<std::uint64_t, Done>>();
  std::uint64_t next_call_ = 0;
};

struct SimDirectoryLock final : DirectoryLock {
  explicit SimDirectoryLock(Disk::Lock lock) : lock(std::move(lock)) {}
  const Disk::Lock lock;
};

}  // namespace

SimRuntime::SimRuntime(Host& host)
    : host_(host),
      random_(host.world().random_for("process " + std::to_string(host.process()) + " of " + host.name())) {}

void SimRuntime::post(Completion<> task) { host_.post(std::move(task)); }

std::unique_ptr<Timer> SimRuntime::after(Duration delay, Completion<> task) {
  return std::make_unique<SimTimer>(host_, host_.post_after(delay, std::move(task)));
}

void SimRuntime::connect(const Endpoint& to, Duration timeout,
                         Completion<Result<std::unique_ptr<Stream>, NetError>> done) {
  host_.world().network().connect(host_, to, timeout, std::move(done));
}

Result<std::unique_ptr<Listener>, NetError> SimRuntime::listen(
    const Endpoint& at, UniqueFunction<void(std::unique_ptr<Stream>)> on_accept) {
  Network& network = host_.world().network();
  auto state = network.listen(host_, at, std::move(on_accept));
  if (!state) return state.error();
  return std::unique_ptr<Listener>(std::make_unique<SimListener>(network, *state));
}

Result<std::unique_ptr<File>, FileError> SimRuntime::open_file(const std::string& path, bool create) {
  auto node = host_.disk().open(path, create);
  if (!node) return node.error();
  return std::unique_ptr<File>(std::make_unique<SimFile>(host_.disk(), path, *node));
}

Result<OpenDevice, FileError> SimRuntime::open_device(const std::string& path, DeviceOpen how) {
  Disk& disk = host_.disk();
  auto node = disk.open(path, how == DeviceOpen::create);
  if (!node) return node.error();
  const bool reads = how == DeviceOpen::read_only;
  auto lock = disk.lock(path, reads ? Disk::Sharing::with_readers : Disk::Sharing::exclusive);
  if (!lock) return lock.error();
  const DeviceFacts facts{.block_device = path.starts_with("/dev/"),
                          .direct = true,
                          .file_system = "simulated",
                          .write_cache = WriteCache::write_back};
  return OpenDevice{std::make_unique<SimFile>(disk, path, *node, std::move(*lock)), (*node)->size(), facts};
}

void SimRuntime::sync_directory(const std::string& path, Completion<Result<void, FileError>> done) {
  host_.disk().submit(
      {.call = DiskCall::sync_directory,
       .path = path,
       .perform =
           [&disk = host_.disk(), path] {
             disk.sync_names(path);
             return std::size_t{0};
           },
       .done = [done = std::move(done)](
                   Result<std::size_t, FileError> result) mutable { result ? done({}) : done(result.error()); }});
}

Result<std::unique_ptr<DirectoryLock>, FileError> SimRuntime::lock_directory(const std::string& path) {
  auto lock = host_.disk().lock_directory(path);
  if (!lock) return lock.error();
  return std::unique_ptr<DirectoryLock>(std::make_unique<SimDirectoryLock>(*lock));
}

Result<std::uint64_t, FileError> SimRuntime::file_size(const std::string& path) { return host_.disk().size(path); }
Result<void, FileError> SimRuntime::make_directories(const std::string& path) {
  return host_.disk().make_directories(path);
}
Result<std::vector<std::string>, FileError> SimRuntime::list_directory(const std::string& path) {
  return host_.disk().list(path);
}
Result<void, FileError> SimRuntime::remove_tree(const std::string& path) { return host_.disk().remove_tree(path); }
Result<std::string, FileError> SimRuntime::read_whole(const std::string& path) { return host_.disk().read_whole(path); }
Result<void, FileError> SimRuntime::replace_whole(const std::string& path, std::string_view text) {
  return host_.disk().replace_whole(path, text);
}

}  // namespace shoal::sim
