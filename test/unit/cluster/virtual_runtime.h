// VirtualRuntime: a Runtime with a clock that a test turns, for parts that have no streams and no files.
#pragma once

#include <deque>
#include <map>
#include <utility>

#include "target/runtime/runtime.h"

namespace shoal::test {

class VirtualRuntime final : public Runtime {
 public:
  explicit VirtualRuntime(std::uint64_t seed = 1) : random_(seed) {}

  // Everything that is ready now.
  void settle() {
    while (!posted_.empty()) {
      auto task = std::move(posted_.front());
      posted_.pop_front();
      task();
    }
  }
  void run_for(Duration time) {
    const Time end = now_ + time;
    for (settle(); !timers_.empty() && timers_.begin()->first.first <= end; settle()) {
      auto timer = timers_.extract(timers_.begin());
      now_ = timer.key().first;
      timer.mapped()();
    }
    now_ = end;
  }
  template <class Condition>
  bool run_until(Condition condition, Duration within = 60s) {
    const Time end = now_ + within;
    for (settle(); !condition() && now_ < end; settle()) {
      if (timers_.empty()) return false;
      run_for(std::max(Duration{0}, timers_.begin()->first.first - now_));
    }
    return condition();
  }

  Time now() const override { return now_; }
  std::uint64_t wall_clock_ms() const override { return 1'700'000'000'000u; }
  Random& random() override { return random_; }
  void post(Completion<> task) override { posted_.push_back(std::move(task)); }
  std::unique_ptr<Timer> after(Duration delay, Completion<> task) override {
    const Key key{now_ + delay, next_timer_++};
    timers_.emplace(key, std::move(task));
    return std::make_unique<Pending>(*this, key);
  }

  void connect(const Endpoint&, Duration, Completion<Result<std::unique_ptr<Stream>, NetError>> done) override {
    post([done = std::move(done)]() mutable { done(NetError::refused); });
  }
  Result<std::unique_ptr<Listener>, NetError> listen(const Endpoint&,
                                                     UniqueFunction<void(std::unique_ptr<Stream>)>) override {
    return NetError::not_available;
  }
  Result<std::unique_ptr<File>, FileError> open_file(const std::string&, bool) override { return FileError::not_found; }
  Result<OpenDevice, FileError> open_device(const std::string&, DeviceOpen) override { return FileError::not_found; }
  void sync_directory(const std::string&, Completion<Result<void, FileError>> done) override {
    post([done = std::move(done)]() mutable { done(FileError::not_found); });
  }
  Result<std::unique_ptr<DirectoryLock>, FileError> lock_directory(const std::string&) override {
    return FileError::not_found;
  }
  Result<std::uint64_t, FileError> file_size(const std::string&) override { return FileError::not_found; }
  Result<void, FileError> make_directories(const std::string&) override { return FileError::refused; }
  Result<std::vector<std::string>, FileError> list_directory(const std::string&) override {
    return FileError::not_found;
  }
  Result<void, FileError> remove_tree(const std::string&) override { return FileError::not_found; }
  Result<std::string, FileError> read_whole(const std::string&) override { return FileError::not_found; }
  Result<void, FileError> replace_whole(const std::string&, std::string_view) override { return FileError::refused; }

 private:
  using Key = std::pair<Time, std::uint64_t>;
  struct Pending final : Timer {
    Pending(VirtualRuntime& runtime_, Key key_) : runtime(runtime_), key(key_) {}
    ~Pending() override {
      const auto ended = runtime.timers_.extract(key);
    }  // what it holds goes after the map is whole again
    VirtualRuntime& runtime;
    Key key;
  };

  Time now_{};
  SeededRandom random_;
  std::deque<Completion<>> posted_;
  std::map<Key, Completion<>> timers_;
  std::uint64_t next_timer_ = 0;
};

}  // namespace shoal::test
