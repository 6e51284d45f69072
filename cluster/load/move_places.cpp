#include "cluster/load/move_places.h"

#include <algorithm>

#include "cluster/load/balance.h"
#include "cluster/load/limits.h"

namespace shoal::load {

std::string_view to_string(PlaceAnswer answer) {
  switch (answer) {
    case PlaceAnswer::granted: return "granted";
    case PlaceAnswer::draining: return "draining";
    case PlaceAnswer::over_utilised: return "over-utilised";
    case PlaceAnswer::no_room: return "no-room";
    case PlaceAnswer::busy: return "busy";
  }
  return "unknown";
}

PlaceAnswer MovePlaces::ask(Time now, const PlaceRequest& request, const GroupLoad& group, double own_cost) {
  std::erase_if(places_, [&](const auto& entry) { return entry.second.until <= now; });
  places_.erase(request.nexus);  // asked again: the earlier answer was lost
  const auto own = group.members.find(self_);
  if (own == group.members.end()) return PlaceAnswer::no_room;
  const PlaceAnswer answer = judge(now, request, own->second, own_cost);
  if (answer == PlaceAnswer::granted) places_[request.nexus] = {request.source, request.cost, now + kPlaceLasts};
  return answer;
}

PlaceAnswer MovePlaces::judge(Time now, const PlaceRequest& request, const MemberLoad& own, double own_cost) const {
  if (own.draining) return PlaceAnswer::draining;
  if (places_.size() >= kMaxPlaces) return PlaceAnswer::no_room;
  if (request.reason == MoveReason::by_hand || request.reason == MoveReason::drain) return PlaceAnswer::granted;
  const bool busy = std::any_of(places_.begin(), places_.end(),
                                [&](const auto& entry) { return entry.second.source == request.source; });
  if (busy) return PlaceAnswer::busy;
  if (request.reason == MoveReason::affinity) {
    return own.disproportionate && own.pressure >= kUnpressed ? PlaceAnswer::over_utilised : PlaceAnswer::granted;
  }
  if (own.disproportionate) return PlaceAnswer::over_utilised;
  const double load = (own_cost + expected_cost(now) + request.cost) / std::max(own.weight, kLeastWeight);
  return load < request.source_load ? PlaceAnswer::granted : PlaceAnswer::no_room;
}

std::optional<MemberId> MovePlaces::take(Time now, const NexusId& nexus) {
  const auto found = places_.find(nexus);
  if (found == places_.end() || found->second.until <= now) return std::nullopt;
  const MemberId source = found->second.source;
  arrived_.note(now, self_, found->second.cost);
  places_.erase(found);
  return source;
}

void MovePlaces::give_up(const NexusId& nexus) { places_.erase(nexus); }

double MovePlaces::expected_cost(Time now) const {
  double cost = arrived_.at(now, self_);
  for (const auto& [nexus, place] : places_) {
    if (now < place.until) cost += place.cost;
  }
  return cost;
}

}  // namespace shoal::load
