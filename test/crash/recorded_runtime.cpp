#include "test/crash/recorded_runtime.h"

#include <utility>

#include "target/base/check.h"

namespace shoal::crash {

class RecordedRuntime::RecordedFile final : public File {
 public:
  explicit RecordedFile(RecordedRuntime& runtime) : runtime_(runtime) { runtime_.opened_ = true; }
  ~RecordedFile() override { runtime_.opened_ = false; }

  void read(std::uint64_t offset, MutableByteSpan into, Completion<Result<std::size_t, FileError>> done) override {
    runtime_.ask({.verb = Verb::read, .offset = offset, .into = into, .file = alive_, .done = std::move(done)});
  }
  void write(std::uint64_t offset, Slices data, SyncMode mode, Completion<Result<void, FileError>> done) override {
    ask_change({.verb = Verb::write, .offset = offset, .bytes = flatten(data), .durable = mode == SyncMode::data},
               std::move(done));
  }
  void sync(Completion<Result<void, FileError>> done) override { ask_change({.verb = Verb::sync}, std::move(done)); }
  void punch(std::uint64_t, std::uint64_t, Completion<Result<void, FileError>> done) override {
    runtime_.post([alive = std::weak_ptr<void>(alive_), done = std::move(done)]() mutable {
      if (!alive.expired()) done(FileError::not_supported);
    });
  }

 private:
  void ask_change(Request request, Completion<Result<void, FileError>> done) {
    request.file = alive_;
    request.done = [done = std::move(done)](Result<std::size_t, FileError> result) mutable {
      result ? done({}) : done(result.error());
    };
    runtime_.ask(std::move(request));
  }

  RecordedRuntime& runtime_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

struct RecordedRuntime::PendingTimer final : Timer {
  PendingTimer(RecordedRuntime& runtime, Key key) : runtime(runtime), key(key) {}
  ~PendingTimer() override { const auto ended = runtime.timers_.extract(key); }
  RecordedRuntime& runtime;
  const Key key;
};

RecordedRuntime::RecordedRuntime(DiskImage disk, std::uint64_t seed, History& history, Fault fault,
                                 std::unique_ptr<Breach> breach)
    : disk_(std::move(disk)),
      order_(seed),
      random_(seed ^ 0x5eed),
      history_(history),
      fault_(fault),
      breach_(std::move(breach)) {}

// What a task owns may touch the runtime.
RecordedRuntime::~RecordedRuntime() {
  std::exchange(under_way_, {}).clear();
  std::exchange(posted_, {}).clear();
}

std::unique_ptr<Timer> RecordedRuntime::after(Duration delay, Completion<> task) {
  const Key key{now_ + delay, next_timer_++};
  timers_.emplace(key, std::move(task));
  return std::make_unique<PendingTimer>(*this, key);
}

Result<OpenDevice, FileError> RecordedRuntime::open_device(const std::string&, DeviceOpen how) {
  if (opened_) return FileError::in_use;
  if (how == DeviceOpen::existing && disk_.size() == 0) return FileError::not_found;
  const DeviceFacts facts{.direct = true, .file_system = "recorded", .write_cache = WriteCache::write_back};
  return OpenDevice{std::make_unique<RecordedFile>(*this), disk_.size(), facts};
}

void RecordedRuntime::sync_directory(const std::string&, Completion<Result<void, FileError>> done) {
  post([done = std::move(done)]() mutable { done({}); });
}

// ---- what happens

bool RecordedRuntime::step() { return step_before(Time::max()); }

bool RecordedRuntime::step_before(Time end) {
  if (!posted_.empty()) {
    const auto task = std::make_shared<Completion<>>(std::move(posted_.front()));
    posted_.pop_front();
    (*task)();
    return true;
  }
  if (!under_way_.empty()) {
    const auto chosen = under_way_.begin() + static_cast<std::ptrdiff_t>(order_.below(under_way_.size()));
    Request request = std::move(*chosen);
    under_way_.erase(chosen);
    happen(std::move(request));
    return true;
  }
  if (timers_.empty() || timers_.begin()->first.first > end) return false;
  auto timer = timers_.extract(timers_.begin());
  now_ = std::max(now_, timer.key().first);
  timer.mapped()();
  return true;
}

void RecordedRuntime::run_for(Duration time) {
  const Time end = now_ + time;
  while (step_before(end)) {
  }
  now_ = end;
}

void RecordedRuntime::ask(Request request) {
  if (breach(request)) return begin(std::move(request));
  post([file = request.file, done = std::move(request.done)]() mutable {
    if (!file.expired()) done(std::size_t{0});
  });
}

// False: it is not made.
bool RecordedRuntime::breach(Request& request) {
  DeviceWrites others;
  bool made = true;
  if (request.verb == Verb::write) {
    DeviceWrite write{request.offset, request.bytes, request.durable};
    made = breach_->on_write(write, others);
    request.bytes = std::move(write.bytes);
    request.durable = write.durable;
  } else if (request.verb == Verb::sync) {
    made = breach_->on_sync(others);
  }
  for (DeviceWrite& other : others) {
    begin({.verb = Verb::write, .offset = other.offset, .bytes = std::move(other.bytes), .durable = other.durable});
  }
  return made;
}

void RecordedRuntime::begin(Request request) {
  request.number = ++asked_;
  if (request.verb == Verb::write) {
    CHECK(request.offset % kDeviceBlockBytes == 0 && request.bytes.size() % kDeviceBlockBytes == 0, request.offset,
          request.bytes.size());
    history_.push_back(WriteBegun{request.number, request.offset, request.bytes, request.durable});
  } else if (request.verb == Verb::sync) {
    history_.push_back(SyncBegun{request.number});
  }
  under_way_.push_back(std::move(request));
}

void RecordedRuntime::happen(Request request) {
  const bool alive = !request.file.expired();
  if (request.verb == Verb::read && !alive) return;
  const auto result = fails(request) ? fail(request) : perform(request);
  if (alive) request.done(result);
}

Result<std::size_t, FileError> RecordedRuntime::perform(const Request& request) {
  if (request.verb == Verb::read) {
    const std::size_t read = disk_.read(request.offset, request.into);
    breach_->on_read(request.offset, request.into.first(read));
    return read;
  }
  if (request.verb == Verb::sync) {
    history_.push_back(SyncDone{request.number});
  } else {
    disk_.write(request.offset, request.bytes.bytes());
    history_.push_back(WriteDone{request.number});
  }
  return std::size_t{0};
}

bool RecordedRuntime::fails(const Request& request) const {
  if (request.number == fault_.at) return true;
  const bool is_full = fault_.kind == FaultKind::full && fault_.at != 0 && request.number > fault_.at;
  return is_full && request.verb == Verb::write && request.offset + request.bytes.size() > disk_.size();
}

Result<std::size_t, FileError> RecordedRuntime::fail(const Request& request) {
  if (request.verb == Verb::sync) history_.push_back(SyncFailed{request.number});
  if (request.verb != Verb::write) return FileError::io;
  const ByteSpan written = request.bytes.bytes().first(written_of(request.bytes.size()));
  disk_.write(request.offset, written);
  history_.push_back(WriteFailed{request.number, written.size()});
  return fault_.kind == FaultKind::full ? FileError::no_space : FileError::io;
}

std::size_t RecordedRuntime::written_of(std::size_t bytes) const {
  switch (fault_.kind) {
    case FaultKind::half: return bytes / 2;
    case FaultKind::late: return bytes;
    default: return 0;
  }
}

}  // namespace shoal::crash
