// StoreMeter: how much the stores of this member do, for its own hosts and for other members.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cluster/load/load.h"
#include "cluster/load/wait_meter.h"

namespace shoal::load {

class StoreMeter {
 public:
  void started(Time now) {
    if (wait_.outstanding() == 0) busy_since_ = now;
    wait_.started(now);
  }
  void ended(Time now, std::uint64_t bytes) {
    wait_.ended(now);
    bytes_.add(bytes);
    if (wait_.outstanding() == 0) add_busy(now);
  }

  void roll(const DecayStep& step, Time now) {
    if (wait_.outstanding() != 0) add_busy(now);
    mean_.add(wait_.take(now));
    mean_.roll(step);
    busy_ns_.roll(step);
    bytes_.roll(step);
  }
  StoreLoad load() const {
    return {.requests = mean_.ended_per_second(),
            .bytes = bytes_.per_second(),
            .latency_s = mean_.mean_s(),
            .queue_depth = mean_.waiting(),
            .busy = std::min(busy_ns_.per_second() / 1e9, 1.0)};
  }

 private:
  void add_busy(Time now) {
    busy_ns_.add(static_cast<std::uint64_t>(std::max((now - busy_since_).count(), Duration::rep{0})));
    busy_since_ = now;
  }

  WaitMeter wait_;
  MeanWait mean_;
  DecayingRate busy_ns_, bytes_;
  Time busy_since_;
};

}  // namespace shoal::load
