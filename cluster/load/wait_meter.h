// WaitMeter: how long requests wait, and how many at a time, from nothing but the moments at which one starts and one
// ends. The time that all of them have waited until now is
//
//   sum of the ends - sum of the starts + outstanding x now
//
// so no request has to be remembered, and one that does not end counts while it waits (Little's law: mean number
// waiting = rate x mean wait). Sums wrap; their differences are right.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cluster/load/decaying_rate.h"
#include "target/base/time.h"

namespace shoal::load {

class WaitMeter {
 public:
  struct Period {
    std::uint64_t waited_ns = 0, ended = 0;
  };

  void started(Time at) {
    ++outstanding_;
    balance_ -= ticks(at);
  }
  void ended(Time at) {
    --outstanding_;
    ++ended_;
    balance_ += ticks(at);
  }
  std::uint64_t outstanding() const { return outstanding_; }

  // What happened since the last call. An end that lies before that call takes back what was counted too much: where
  // nothing else waited meanwhile it is made up for later.
  Period take(Time now) {
    const std::uint64_t total = balance_ + outstanding_ * ticks(now);
    const auto waited = static_cast<std::int64_t>(total - taken_);
    Period period{static_cast<std::uint64_t>(std::max<std::int64_t>(waited, 0)), ended_};
    if (waited > 0) taken_ = total;
    ended_ = 0;
    return period;
  }

 private:
  static std::uint64_t ticks(Time at) { return static_cast<std::uint64_t>(at.time_since_epoch().count()); }

  std::uint64_t outstanding_ = 0, ended_ = 0;
  std::uint64_t balance_ = 0;  // ends - starts, in ns
  std::uint64_t taken_ = 0;
};

// The mean wait: time waited per request that ended. While requests hang it grows, as what ends becomes less.
class MeanWait {
 public:
  void add(const WaitMeter::Period& period) {
    waited_ns_.add(period.waited_ns);
    ended_.add(period.ended);
  }
  void roll(const DecayStep& step) {
    waited_ns_.roll(step);
    ended_.roll(step);
  }
  double mean_s() const { return waiting() / std::max(ended_.per_second(), kFewestEnded); }
  double waiting() const { return waited_ns_.per_second() / 1e9; }  // mean number at a time
  double ended_per_second() const { return ended_.per_second(); }

 private:
  static constexpr double kFewestEnded = 0.01;  // per second: bounds the mean where nothing ends

  DecayingRate waited_ns_, ended_;
};

}  // namespace shoal::load
