// KeeperRecord: which member keeps, for the group, what the nexuses of its units share (unit_keeper.h), and the rule
// by which another one takes its place. Values; nothing waits here.
//
// /k/keeper  {"member": 2, "incarnation": 5, "term": 3}, changed by compare-and-swap only
//
// A term is one member's time as the keeper: it counts up with every take-over, and is the high half of every
// generation that the keeper gives a view. So owners of pages refuse what an earlier keeper's views allowed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "target/base/ids.h"
#include "target/ports/unit_state.h"

namespace shoal::cluster {

struct KeeperRecord {
  MemberId member;
  std::uint64_t incarnation = 0;
  std::uint32_t term = 0;
  bool operator==(const KeeperRecord&) const = default;
};

inline constexpr std::string_view kKeeperPrefix = "/k/";
inline constexpr std::string_view kKeeperKey = "/k/keeper";

std::string encode(const KeeperRecord& record);
std::optional<KeeperRecord> decode_keeper(std::string_view text);

// What a unit's nexuses share at the beginning of a term: nothing.
UnitView first_view(std::uint32_t term);
constexpr std::uint32_t term_of(std::uint64_t generation) { return static_cast<std::uint32_t>(generation >> 32); }

}  // namespace shoal::cluster
