// MovePlaces: the destination's side of a move. Before a session is let go its member asks here for a place, and here
// it is judged once more, by what this member knows of itself at this moment: the others' picture of it is a second
// old, and several of them may have had the same idea. A place is kept for kPlaceLasts; the login that it is for takes
// it.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "cluster/load/measure.h"
#include "cluster/load/unseen_cost.h"
#include "cluster/load/verdict.h"
#include "target/base/ids.h"
#include "target/base/time.h"

namespace shoal::load {

inline constexpr Duration kPlaceLasts = 15s;
inline constexpr std::size_t kMaxPlaces = 256;

struct PlaceRequest {
  NexusId nexus;
  MemberId source;
  MoveReason reason = MoveReason::over_utilised;
  double cost = 0;         // of the session, here
  double source_load = 0;  // cost over weight of its member, with it
};

enum class PlaceAnswer {
  granted,
  draining,
  over_utilised,
  no_room,  // with it this member would carry as much as the one that asks, or there are too many places
  busy,     // a session of that member is on its way here already; of orders and drains any number may be
};
std::string_view to_string(PlaceAnswer answer);

class MovePlaces {
 public:
  explicit MovePlaces(MemberId self) : self_(self) {}

  // `own_cost`: of the sessions that are served here.
  PlaceAnswer ask(Time now, const PlaceRequest& request, const GroupLoad& group, double own_cost);
  // That nexus logs in here: the member that it comes from, if it has a place.
  std::optional<MemberId> take(Time now, const NexusId& nexus);
  void give_up(const NexusId& nexus);
  double expected_cost(Time now) const;  // of what has a place, and of what came but is not measured yet

 private:
  struct Place {
    MemberId source;
    double cost;
    Time until;
  };
  PlaceAnswer judge(Time now, const PlaceRequest& request, const MemberLoad& own, double own_cost) const;

  MemberId self_;
  std::map<NexusId, Place> places_;
  UnseenCost arrived_;
};

}  // namespace shoal::load
