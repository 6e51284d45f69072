// What members say to each other about what the nexuses of a unit share (ControlKind::unit_state). JSON; one request,
// one answer; the values are those of unit_json.h.
//
//   {"change": {...}, "id": [2, 5, 17], "image": 7, "from": port}
//                                  member to keeper: apply this, once, however often it is asked
//   {"answer": "good"}             applied or refused, and every member in reach goes by it
//   {"adopt": snapshot, "term": 3} keeper to member: go by this from now on
//   {"adopted": true}              done, and nothing of the tasks that it ends can touch data here
//   {"pull": 6, "term": 3}         member to keeper: the units of higher image ids, please
//   {"units": [snapshot], "more": false, "term": 3}
//   {"term": 4}                    to any of them: not by me, or not any more; that is the newest term that I know
//
//   snapshot  {"image", "serial", "view", "recent": [[serial, consequences]]}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "target/base/ids.h"
#include "target/unit/unit_machine.h"

namespace shoal::cluster {

// Of one change, however often its outcome was lost on the way.
struct ChangeId {
  MemberId member;  // that asked for it
  std::uint64_t incarnation = 0;
  std::uint64_t number = 0;
  auto operator<=>(const ChangeId&) const = default;
};

// A unit as its keeper has it, and what its nexuses had to hear of the last changes.
struct UnitSnapshot {
  struct Change {
    std::uint64_t serial = 0;
    unit::Consequences consequences;
    bool operator==(const Change&) const = default;
  };
  ImageId image;
  std::uint64_t serial = 0;  // counts the changes of this unit in the keeper's term
  UnitView view;
  std::vector<Change> recent;  // the last one is `serial`, without gaps before it
  bool operator==(const UnitSnapshot&) const = default;
};

struct ChangeRequest {
  ChangeId id;
  ImageId image;
  InitiatorPort from;
  UnitChange change;
  bool operator==(const ChangeRequest&) const = default;
};
struct AdoptRequest {
  std::uint32_t term = 0;
  UnitSnapshot unit;
  bool operator==(const AdoptRequest&) const = default;
};
struct PullRequest {
  std::uint32_t term = 0;
  ImageId after;
  bool operator==(const PullRequest&) const = default;
};
using UnitRequest = std::variant<ChangeRequest, AdoptRequest, PullRequest>;

struct Adopted {
  bool operator==(const Adopted&) const = default;
};
struct PulledUnits {
  std::uint32_t term = 0;
  std::vector<UnitSnapshot> units;  // in order of images
  bool more = false;
  bool operator==(const PulledUnits&) const = default;
};
struct OtherTerm {
  std::uint32_t term = 0;
  bool operator==(const OtherTerm&) const = default;
};
using UnitReply = std::variant<UnitAnswer, Adopted, PulledUnits, OtherTerm>;

std::string encode(const UnitRequest& request);
std::optional<UnitRequest> decode_unit_request(std::string_view text);
std::string encode(const UnitReply& reply);
std::optional<UnitReply> decode_unit_reply(std::string_view text);

}  // namespace shoal::cluster
