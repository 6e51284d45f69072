#include "cluster/allocator.h"

#include <utility>

namespace shoal::cluster {
namespace {

load::LoginName login_of(const NexusName& nexus) { return {nexus.initiator_name, nexus.isid, nexus.image}; }

}  // namespace

Allocator::Allocator(MemberId self, load::PlacementRules rules, const GroupSessions& sessions, LoadSource load,
                     std::function<Time()> now)
    : placement_(self, std::move(rules)), sessions_(sessions), load_(std::move(load)), now_(std::move(now)) {}

void Allocator::learn(const NexusName& nexus, MemberId at) { placement_.learn(now_(), login_of(nexus), at); }

load::Placed Allocator::choose(const NexusName& nexus, MemberId not_at,
                               const std::vector<load::PlacementCandidate>& candidates) {
  const load::PlacementQuestion question{login_of(nexus), not_at, sessions_.serving_others(nexus),
                                         load_.owners(nexus.initiator_name, nexus.image)};
  const load::Picture picture = load_.picture();
  return placement_.place(now_(), question, candidates, picture ? *picture : load::GroupLoad{});
}

load::Placed Allocator::allocate(const NexusName& nexus, MemberId not_at,
                                 const std::vector<load::PlacementCandidate>& candidates) {
  load::Placed placed = choose(nexus, not_at, candidates);
  if (listener_) listener_(login_of(nexus), placed);
  return placed;
}

}  // namespace shoal::cluster
