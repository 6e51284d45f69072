#include "cluster/load/connection_losses.h"

#include <algorithm>

namespace shoal::load {

void ConnectionLosses::note(Time now, const NexusId& nexus) {
  const auto [entry, first] = losses_.try_emplace(nexus, Losses{now, Time::min()});
  if (first) return forget_old(now);
  if (now <= entry->second.last) return;  // that one is counted
  if (now - entry->second.last < kLossesWithin) entry->second.alone_until = now + kLeftAlone;
  entry->second.last = now;
}

bool ConnectionLosses::left_alone(Time now, const NexusId& nexus) const {
  const auto found = losses_.find(nexus);
  return found != losses_.end() && now < found->second.alone_until;
}

void ConnectionLosses::forget_old(Time now) {
  if (losses_.size() <= kMaxLossesKept) return;
  std::erase_if(losses_, [&](const auto& entry) { return now - entry.second.last >= kLossesWithin; });
  if (losses_.size() <= kMaxLossesKept) return;
  losses_.erase(std::min_element(losses_.begin(), losses_.end(),
                                 [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
}

}  // namespace shoal::load
