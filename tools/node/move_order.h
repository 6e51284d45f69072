// MoveOrder and MoveRecord: a session that is to go to another member, and what became of it. Values, their JSON and
// their words for people; pure.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cluster/load/load.h"
#include "cluster/load/verdict.h"
#include "target/base/ids.h"
#include "target/base/result.h"
#include "target/base/time.h"
#include "target/ports/session_registry.h"
#include "target/server/target_server.h"
#include "tools/node/control_handler.h"

namespace shoal {

using load::SessionName;

struct MoveOrder {
  MemberId to;  // 0: whoever is best
  server::Departure how = server::Departure::close;
  bool force = false;  // also one that came to a member portal by itself
  load::MoveReason reason = load::MoveReason::by_hand;
  double cost = 0, source_load = 0;  // for the destination to judge (cluster/load/move_places.h)
  bool operator==(const MoveOrder&) const = default;
};

const char* to_string(server::Departure how);
nlohmann::json move_order_json(const MoveOrder& order);
// Its `to`, `how` and `force`, where they are there; throws BadRequest.
MoveOrder move_order_in(const nlohmann::json& body);
// The body of POST /sessions/ID/move: {"to"?: 3, "how"?: "close" | "logout" | "polite", "polite"?: true, "force"?:
// true}. The error is one line.
Result<MoveOrder, std::string> parse_move_order(const std::string& body);

// Times since `begun`, on the clock of the member that it leaves.
struct MoveRecord {
  SessionName session;
  NexusName nexus;
  std::string volume;
  MemberId from, to;
  server::Departure how = server::Departure::close;
  load::MoveReason reason = load::MoveReason::by_hand;
  Time begun{};
  std::optional<Duration> placed;   // the destination keeps a place
  std::optional<Duration> quiet;    // its tasks are finished
  std::optional<Duration> told;     // the members know; now the host is told
  std::optional<Duration> closed;   // its connection
  std::optional<Duration> arrived;  // the destination has its nexus
};
nlohmann::json move_json(const MoveRecord& record);

struct MoveResult {
  int status = 200;  // HTTP; 200: it has arrived at another member
  std::string text;  // for people: what became of it
  MoveRecord record;
};
ControlResponse to_response(const MoveResult& result);

}  // namespace shoal
