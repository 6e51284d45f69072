// LoadRules: what operators have said about load, for the whole group. Values, their JSON, and the changes that orders
// make; nothing waits here (group_load_rules.h).
//
// /l/rules  {"format": 1, "token": 77, "policy": "affinity", "balance": "observe",
//            "weights": [{"member": 2, "weight": 2.0}],
//            "pins": [{"initiator": "iqn.2026-11.com.example:db*", "image": 7, "member": 2}]}
//
// Where nobody has said anything there is no record, or no "policy" in it, no "image" of a pin.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/load/pins.h"
#include "cluster/load/placement.h"
#include "cluster/load/session_balancer.h"
#include "target/base/ids.h"

namespace shoal::cluster {

struct LoadRules {
  std::optional<load::PlacementPolicy> policy;  // nullopt: the one of each member's configuration
  load::BalancerMode balance = load::BalancerMode::act;
  std::map<MemberId, double> weights;  // of members that have another than 1
  std::vector<load::Pin> pins;         // the first that matches counts: the latest is in front
  double weight_of(MemberId member) const;
  bool operator==(const LoadRules&) const = default;
};
inline constexpr std::size_t kMaxWeights = 1024;

// `token`: of one attempt to write it (meta_calls.h).
std::string encode(const LoadRules& rules, std::uint64_t token);    // JSON
std::optional<LoadRules> decode_load_rules(std::string_view text);  // nullopt: not one of this version

// A refusal: what is wrong and what to do, one line for people, and the HTTP status that it deserves.
struct LoadRulesError {
  int status = 400;  // 400 bad request, 404 no such pin, 409 too many, 503 metadata out of reach
  std::string text;
};
// Applied to what is found, perhaps several times: it is pure. nullopt: done.
using ChangeLoadRules = std::function<std::optional<LoadRulesError>(LoadRules&)>;

ChangeLoadRules set_policy(load::PlacementPolicy policy);
ChangeLoadRules set_balance(load::BalancerMode mode);
ChangeLoadRules set_weight(MemberId member, double weight);
// Takes the place of the pin that has the same pattern and volume.
ChangeLoadRules pin(load::Pin pin);
ChangeLoadRules unpin(std::string initiator, std::optional<ImageId> volume);
// Pins of volumes that are gone go with the next change, whatever it is.
ChangeLoadRules without_pins_of(std::function<bool(ImageId)> was_deleted, ChangeLoadRules change);

}  // namespace shoal::cluster
