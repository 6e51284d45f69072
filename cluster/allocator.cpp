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

load::Placed Allocator::allocate(const NexusName& nexus, MemberId not_at,
                                 const std::vector<load::PlacementCandidate>& candidates) {
  const load::LoginName login = login_of(nexus);
  const load::PlacementQuestion question{login, not_at, sessions_.serving_others(nexus),
                                         load_.owners(nexus.initiator_name, nexus.image)};
  const load::Picture picture = load_.picture();
  load::Placed placed = placement_.place(now_(), question, candidates, picture ? *picture : load::GroupLoad{});
  if (listener_) listener_(login, placed, picture);
  return placed;
}

}  // namespace shoal::cluster
