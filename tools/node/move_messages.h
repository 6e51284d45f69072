// What members say to each other about moves (ControlKind::session_move). JSON; one request, one answer.
//
//   {"order": 17, ...}                     your session of that number is to move; the rest is a MoveOrder
//   {"status": 200, "body": "..."}         what the one who asked is to answer
//   {"keep": "/s/...", "reason": "by-hand", "cost": 12.5, "source_load": 80}
//                                          may that nexus come to you? Keep a place for it
//   {"place": "granted"}                   or why not, in the words of load::PlaceAnswer
//   {"give_up": "/s/..."}                  it does not come
//   {"arrived": "/s/..."}                  it is here
//   {}                                     understood
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cluster/load/move_places.h"
#include "routing/peer_channel.h"
#include "tools/node/move_order.h"

namespace shoal {

struct OrderMove {
  std::uint64_t number = 0;
  MoveOrder order;
  bool operator==(const OrderMove&) const = default;
};
struct KeepPlace {
  NexusName nexus;
  load::MoveReason reason = load::MoveReason::by_hand;
  double cost = 0, source_load = 0;
  bool operator==(const KeepPlace&) const = default;
};
struct GiveUpPlace {
  NexusName nexus;
  bool operator==(const GiveUpPlace&) const = default;
};
struct Arrived {
  NexusName nexus;
  bool operator==(const Arrived&) const = default;
};
using MoveMessage = std::variant<OrderMove, KeepPlace, GiveUpPlace, Arrived>;

std::string encode(const MoveMessage& message);
std::optional<MoveMessage> decode_move_message(std::string_view text);
std::string encode(load::PlaceAnswer answer);
// What can not be read is not granted: no_room.
load::PlaceAnswer decode_place_answer(std::string_view text);

// An answer of another member that is passed on to the one who asked.
std::string to_reply(const ControlResponse& response);
ControlResponse from_reply(MemberId member, const Result<std::string, routing::PeerError>& reply);

}  // namespace shoal
