// Thinning: which of very many like events are looked at: all of the first kAllOfPeriod in a period, then one of
// kStandsFor, at distances that follow no pattern of the events. What is looked at stands for the others, so that sums
// are right on average: of n events that are thinned, within about sqrt(7 n) of n.
#pragma once

#include <cstdint>

namespace shoal::load {

class Thinning {
 public:
  static constexpr std::uint32_t kAllOfPeriod = 256;
  static constexpr std::uint32_t kStandsFor = 8;

  // For how many this one stands; 0: it is not looked at.
  std::uint32_t next() {
    if (left_ > 0) {
      --left_;
      return 1;
    }
    if (skip_ > 0) {
      --skip_;
      return 0;
    }
    skip_ = draw();
    return kStandsFor;
  }
  void begin_period() { left_ = kAllOfPeriod; }

 private:
  // 0 to 2 * (kStandsFor - 1), each as likely.
  std::uint32_t draw() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>((state_ >> 32) * (2 * kStandsFor - 1) >> 32);
  }

  std::uint32_t left_ = kAllOfPeriod, skip_ = 0;
  std::uint64_t state_ = 1;
};

}  // namespace shoal::load
