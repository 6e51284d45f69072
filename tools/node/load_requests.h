// The group's rules of load at the control port. Pure: JSON of orders in, changes or a refusal out; rules in, JSON out.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "cluster/load_rules.h"
#include "target/base/result.h"

namespace shoal {

// What the words of an order can mean here.
struct LoadNames {
  std::set<MemberId> members;
  std::map<std::string, ImageId> volumes;
};

// POST /load/ORDER: "policy" with {policy}; "balance" with {mode}; "weight" with {member, weight}; "pin" with
// {initiator, volume?, member}; "unpin" with {initiator, volume?}.
bool is_load_order(std::string_view order);
Result<cluster::ChangeLoadRules, cluster::LoadRulesError> parse_load_order(std::string_view order,
                                                                           const std::string& body,
                                                                           const LoadNames& names);

// `configured`: this member's policy where the group has none; nullopt: none, whatever the group has.
nlohmann::json load_rules_json(const cluster::LoadRules& rules, std::optional<load::PlacementPolicy> configured,
                               const LoadNames& names);

}  // namespace shoal
