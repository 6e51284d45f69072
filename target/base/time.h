// Time on the monotonic clock of a Runtime. Rules get it as an argument; only a Runtime reads a clock.
#pragma once

#include <chrono>

namespace shoal {

struct RuntimeClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<RuntimeClock>;
  static constexpr bool is_steady = true;
};
using Duration = RuntimeClock::duration;
using Time = RuntimeClock::time_point;

using namespace std::chrono_literals;

}  // namespace shoal
