// TimerQueue: any number of timers on one timer of Asio. In order of deadlines, equal deadlines in order of creation.
// The system's timer is set only when an earlier deadline comes than it has, so the usual timeout (set, then cancelled)
// costs no system call.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>

#include "target/runtime/runtime.h"

namespace shoal {

Time monotonic_now();

class TimerQueue : public std::enable_shared_from_this<TimerQueue> {
 public:
  explicit TimerQueue(boost::asio::io_context& context) : alarm_(context) {}

  std::unique_ptr<Timer> after(Duration delay, Completion<> task);

 private:
  struct Key {
    Time deadline;
    std::uint64_t number = 0;
    auto operator<=>(const Key&) const = default;
  };
  class Handle;

  void set_alarm();
  void fire();

  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      alarm_;
  Time alarm_at_ = Time::max();  // max: not set
  std::map<Key, Completion<>> timers_;
  std::uint64_t next_number_ = 0;
};

}  // namespace shoal
