// DecayingRate: how much of something happens per second, the recent counting most. To add is an addition of integers,
// as the hot path wants it; once a period everything is rolled with the same DecayStep, so that the exponential of a
// period is taken once and not for each counter. Rates of parts stay the rate of their sum.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

#include "target/base/time.h"

namespace shoal::load {

inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// What one period does to a rate: `kept` of what it was stays, and each thing that happened in it adds `gain`.
struct DecayStep {
  double kept = 1;
  double gain = 0;

  // A period without duration keeps everything and adds nothing: the caller does not roll then.
  static DecayStep over(Duration elapsed, Duration half_life) {
    if (elapsed <= Duration{0}) return {};
    const double kept = std::exp2(-seconds(elapsed) / seconds(half_life));
    return {kept, (1 - kept) / seconds(elapsed)};
  }
};

class DecayingRate {
 public:
  void add(std::uint64_t amount) { pending_ += amount; }
  std::uint64_t pending() const { return pending_; }  // of this period

  void roll(const DecayStep& step) {
    rate_ = rate_ * step.kept + static_cast<double>(pending_) * step.gain;
    if (rate_ < kNothing) rate_ = 0;
    pending_ = 0;
  }
  double per_second() const { return rate_; }
  bool nothing() const { return rate_ == 0 && pending_ == 0; }

 private:
  static constexpr double kNothing = 1e-6;  // less than this is what a past long ago has left over

  std::uint64_t pending_ = 0;
  double rate_ = 0;
};

}  // namespace shoal::load
