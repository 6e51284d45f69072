// gather(): one question to every member in reach, and what they answer as one list: in the order of the members,
// whoever answers first.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cluster/members.h"
#include "routing/peer_channel.h"
#include "target/base/completion.h"

namespace shoal {

inline constexpr Duration kListWithin = 2s;  // a peer that answers later is left out

struct MemberQuestion {
  routing::ControlKind kind;
  std::string body;
};
struct Gathered {
  nlohmann::json list = nlohmann::json::array();  // what each member's array has
  std::vector<MemberId> missing;                  // who did not answer, or no array
};

// `own`: what this member answers. `peers` null: a single server.
void gather(routing::PeerChannel* peers, const cluster::Members& members, const MemberQuestion& question,
            nlohmann::json own, Completion<Gathered> done);

}  // namespace shoal
