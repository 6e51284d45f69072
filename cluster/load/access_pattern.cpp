#include "cluster/load/access_pattern.h"

namespace shoal::load {

void AccessPattern::roll(const DecayStep& step, Duration elapsed) {
  const std::uint64_t total = counts_[0][0] + counts_[0][1] + counts_[1][0] + counts_[1][1];
  left_ = kLookedAt;
  quiet_ = total == 0 ? quiet_ + elapsed : Duration{0};
  requests_.add(total);
  requests_.roll(step);
  if (total == 0) return;
  for (int write : {0, 1}) {
    for (int sequential : {0, 1}) {
      const double share = static_cast<double>(counts_[write][sequential]) / static_cast<double>(total);
      shares_[write][sequential] = shares_[write][sequential] * step.kept + share * (1 - step.kept);
      counts_[write][sequential] = 0;
    }
  }
}

Pattern AccessPattern::pattern() const {
  if (requests_.per_second() < kIdleBelow || quiet_ >= kIdleAfter) return Pattern::idle;
  const double reads = shares_[0][0] + shares_[0][1], writes = shares_[1][0] + shares_[1][1];
  const double random = shares_[0][0] + shares_[1][0], sequential = shares_[0][1] + shares_[1][1];
  const double enough = kDominant * (reads + writes);
  if (reads >= enough && sequential >= enough) return Pattern::sequential_read;
  if (reads >= enough && random >= enough) return Pattern::random_read;
  if (writes >= enough && sequential >= enough) return Pattern::sequential_write;
  if (writes >= enough && random >= enough) return Pattern::random_write;
  return Pattern::mixed;
}

}  // namespace shoal::load
