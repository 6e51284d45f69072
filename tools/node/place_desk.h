// PlaceDesk: places at this member for sessions that are on their way here, from the asking to the login. The rule is
// load::MovePlaces; this adds what only the member knows: its limit of sessions, whether it takes hosts, its load.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "cluster/load/move_places.h"
#include "cluster/members.h"
#include "target/runtime/runtime.h"
#include "target/server/target_server.h"
#include "tools/node/move_messages.h"

namespace shoal {

// How this member sees the load of the group, and what the sessions cost that are served here.
struct LoadPicture {
  load::GroupLoad group;
  double own_cost = 0;
};

class PlaceDesk {
 public:
  using Picture = std::function<LoadPicture()>;
  PlaceDesk(Runtime& runtime, const cluster::Members& members, const server::TargetServer& server,
            std::size_t most_sessions, Log log);

  // Without one the load is not looked at.
  void set_picture(Picture picture) { picture_ = std::move(picture); }
  load::PlaceAnswer keep(MemberId from, const KeepPlace& request);
  void give_up(const NexusName& nexus);
  // A login of that nexus is here. If it had a place: under which name, and from which member it came. A host that
  // comes back with another ISID is the same host; but a nexus that is `known` is another session of it.
  struct Taken {
    NexusName nexus;
    MemberId source;
  };
  std::optional<Taken> take(const NexusName& nexus, bool known);
  std::uint64_t kept() const { return kept_; }
  std::uint64_t refused() const { return refused_; }

 private:
  load::PlaceAnswer judge(MemberId from, const KeepPlace& request);
  std::optional<Taken> take_exactly(const NexusName& nexus);

  Runtime& runtime_;
  const cluster::Members& members_;
  const server::TargetServer& server_;
  const std::size_t most_sessions_;
  Log log_;
  Picture picture_;
  load::MovePlaces places_;
  std::map<NexusName, Time> awaited_;  // who has a place, until when
  std::uint64_t kept_ = 0, refused_ = 0;
};

}  // namespace shoal
