// Verdict: what the session balancer says in a period.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cluster/load/alternative.h"
#include "cluster/load/load.h"
#include "target/base/ids.h"

namespace shoal::load {

enum class HoldReason {
  off,
  alone,          // nothing is known of this member, or no other is heard of
  idle,           // the group has too little work to care
  draining,       // somebody else empties this member
  alike,          // every member is under pressure, and none carries more than its share
  balanced,       // this member carries no more than its share
  not_for_long,   // over-utilised, but not for long enough
  swinging,       // its work swings too much to be judged
  moving,         // the last move is under way
  pacing,         // the last move was a moment ago
  group_limit,    // the group has moved enough for this minute
  none_may_move,  // each session has a reason to stay
  nowhere,        // no member may take one
  no_gain,        // no move is worth it
};
std::string_view to_string(HoldReason reason);

enum class MoveReason { over_utilised, affinity, drain, by_hand };
std::string_view to_string(MoveReason reason);
std::optional<MoveReason> parse_move_reason(std::string_view text);

struct Hold {
  HoldReason reason;
  bool operator==(const Hold&) const = default;
};
struct Move {
  SessionName session;
  NexusId nexus;
  MemberId to;
  MoveReason reason;
  double cost_here = 0, cost_there = 0;
  bool operator==(const Move&) const = default;
};

inline constexpr std::size_t kMaxRecordedAlternatives = 16;

struct Verdict {
  std::variant<Hold, Move> what;
  std::vector<Alternative> alternatives;  // best first, at most kMaxRecordedAlternatives
  std::string formula;                    // that scored them; empty where nothing was scored
  std::string reason;                     // for people
};

}  // namespace shoal::load
