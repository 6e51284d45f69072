#include "target/runtime/timer_queue.h"

namespace shoal {

Time monotonic_now() {
  return Time(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

class TimerQueue::Handle final : public Timer {
 public:
  Handle(std::weak_ptr<TimerQueue> queue, Key key) : queue_(std::move(queue)), key_(key) {}
  ~Handle() override {
    const auto queue = queue_.lock();
    if (!queue) return;
    const auto cancelled =
        queue->timers_.extract(key_);  // ends after the map is whole again: it may own further timers
  }

 private:
  std::weak_ptr<TimerQueue> queue_;
  Key key_;
};

std::unique_ptr<Timer> TimerQueue::after(Duration delay, Completion<> task) {
  const Time now = monotonic_now();
  const Key key{delay < Time::max() - now ? now + delay : Time::max(), next_number_++};
  timers_.emplace(key, std::move(task));
  set_alarm();
  return std::make_unique<Handle>(weak_from_this(), key);
}

void TimerQueue::set_alarm() {
  if (timers_.empty() || timers_.begin()->first.deadline >= alarm_at_) return;
  alarm_at_ = timers_.begin()->first.deadline;
  alarm_.expires_at(std::chrono::steady_clock::time_point(alarm_at_.time_since_epoch()));
  alarm_.async_wait([self = weak_from_this()](const boost::system::error_code& replaced) {
    if (const auto queue = self.lock(); queue && !replaced) queue->fire();
  });
}

void TimerQueue::fire() {
  alarm_at_ = Time::max();
  const Time now = monotonic_now();
  const std::uint64_t end =
      next_number_;  // timers that are set meanwhile wait for the next round, even with a delay of 0
  for (auto due = timers_.begin(); due != timers_.end() && due->first.deadline <= now;) {
    if (due->first.number >= end) {
      ++due;
      continue;
    }
    auto timer = timers_.extract(due);
    timer.mapped()();
    due = timers_.begin();  // the task may have ended others
  }
  set_alarm();
}

}  // namespace shoal
