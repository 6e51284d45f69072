// MovePauses: how long a host is expected to wait when its session is moved: the median of the last moves that were
// measured.
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "cluster/load/decision_log.h"

namespace shoal::load {

class MovePauses {
 public:
  void note(Duration pause) {
    if (measured_.size() == kMeasured) measured_.pop_front();
    measured_.push_back(pause);
  }
  Duration expected() const {
    if (measured_.empty()) return kExpectedPause;
    std::vector<Duration> pauses(measured_.begin(), measured_.end());
    const auto middle = pauses.begin() + static_cast<std::ptrdiff_t>(pauses.size() / 2);
    std::nth_element(pauses.begin(), middle, pauses.end());
    return *middle;
  }

 private:
  static constexpr std::size_t kMeasured = 32;
  std::deque<Duration> measured_;
};

}  // namespace shoal::load
