#include "tools/node/space_threshold.h"

#include <algorithm>

namespace shoal {
namespace {

bool at_least(const routing::StoreSpace& space, unsigned percent) {
  return space.used_bytes >= space.total_bytes / 100 * percent;
}

}  // namespace

bool SpaceThreshold::passes(const routing::StoreSpace& space) {
  if (space.total_bytes == 0) return false;
  if (above_) above_ = at_least(space, percent_ - std::min(percent_, kThresholdHysteresis));
  const bool passed = !above_ && at_least(space, percent_);
  above_ = above_ || passed;
  return passed;
}

}  // namespace shoal
