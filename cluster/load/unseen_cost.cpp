#include "cluster/load/unseen_cost.h"

#include <cmath>

namespace shoal::load {

void UnseenCost::note(Time now, MemberId to, double cost) {
  while (!moved_.empty() && (moved_.front().at + kUnseenLasts <= now || moved_.size() >= kMaxUnseen)) {
    moved_.pop_front();
  }
  moved_.push_back({now, to, cost});
}

double UnseenCost::at(Time now, MemberId to) const {
  double sum = 0;
  for (const Moved& moved : moved_) {
    const Duration age = now - moved.at;
    if (moved.to != to || age >= kUnseenLasts) continue;
    const std::chrono::duration<double> seen_for = age - kTellingLasts;
    const std::chrono::duration<double> half_life = kLoadHalfLife;
    sum += moved.cost * (seen_for.count() <= 0 ? 1 : std::exp2(-seen_for / half_life));
  }
  return sum;
}

}  // namespace shoal::load
