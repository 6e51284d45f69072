#include "tools/node/load_requests.h"

#include <array>
#include <utility>

#include "target/base/log.h"
#include "tools/node/request_json.h"

namespace shoal {

using cluster::ChangeLoadRules;
using cluster::LoadRulesError;
using nlohmann::json;

namespace {

MemberId member_in(const json& body, const LoadNames& names) {
  const std::uint64_t number = number_in(body, "member", "");
  const MemberId member{static_cast<std::uint32_t>(number)};
  if (member.value != number || !names.members.contains(member)) {
    throw BadRequest{fmt::format("there is no member {}; `shoalctl member list` shows them", number), 404};
  }
  return member;
}

std::optional<ImageId> volume_in(const json& body, const LoadNames& names) {
  if (!body.contains("volume")) return std::nullopt;
  const std::string name = text_in(body, "volume");
  const auto found = names.volumes.find(name);
  if (found != names.volumes.end()) return found->second;
  throw BadRequest{fmt::format("there is no volume {}; `shoalctl volume list` shows them", shoal::quoted(name)), 404};
}

ChangeLoadRules policy_order(const json& body, const LoadNames&) {
  expect_keys(body, {"policy"});
  const std::string word = text_in(body, "policy");
  if (const auto policy = load::parse_placement_policy(word)) return cluster::set_policy(*policy);
  throw BadRequest{
      fmt::format("{} is no policy; there are least-loaded, round-robin, weighted and affinity{}", shoal::quoted(word),
                  word == "none" ? "; none is a member's own, in its configuration (key \"redirect\")" : "")};
}

ChangeLoadRules balance_order(const json& body, const LoadNames&) {
  expect_keys(body, {"mode"});
  const std::string word = text_in(body, "mode");
  if (const auto mode = load::parse_balancer_mode(word)) return cluster::set_balance(*mode);
  throw BadRequest{fmt::format("{} is no mode; there are off, observe and act", shoal::quoted(word))};
}

ChangeLoadRules weight_order(const json& body, const LoadNames& names) {
  expect_keys(body, {"member", "weight"});
  const MemberId member = member_in(body, names);
  const auto weight = body.find("weight");
  if (weight == body.end() || !weight->is_number()) throw BadRequest{"\"weight\": expected a number"};
  return cluster::set_weight(member, weight->get<double>());
}

ChangeLoadRules pin_order(const json& body, const LoadNames& names) {
  expect_keys(body, {"initiator", "volume", "member"});
  return cluster::pin({text_in(body, "initiator"), volume_in(body, names), member_in(body, names)});
}

ChangeLoadRules unpin_order(const json& body, const LoadNames& names) {
  expect_keys(body, {"initiator", "volume"});
  return cluster::unpin(text_in(body, "initiator"), volume_in(body, names));
}

struct LoadOrder {
  std::string_view word;
  ChangeLoadRules (*change)(const json& body, const LoadNames& names);
};
constexpr std::array kOrders{LoadOrder{"policy", policy_order}, LoadOrder{"balance", balance_order},
                             LoadOrder{"weight", weight_order}, LoadOrder{"pin", pin_order},
                             LoadOrder{"unpin", unpin_order}};

const LoadOrder* find_order(std::string_view word) {
  for (const LoadOrder& order : kOrders) {
    if (order.word == word) return &order;
  }
  return nullptr;
}

json pin_json(const load::Pin& pin, const LoadNames& names) {
  json object{{"initiator", pin.initiator}, {"member", pin.member.value}};
  if (!pin.volume) return object;
  object["image"] = pin.volume->value;
  for (const auto& [name, image] : names.volumes) {
    if (image == *pin.volume) object["volume"] = name;
  }
  return object;
}

}  // namespace

bool is_load_order(std::string_view order) { return find_order(order); }

Result<ChangeLoadRules, LoadRulesError> parse_load_order(std::string_view order, const std::string& body,
                                                         const LoadNames& names) try {
  return find_order(order)->change(object_in(body), names);
} catch (const BadRequest& bad) {
  return LoadRulesError{bad.status, bad.text};
}

json load_rules_json(const cluster::LoadRules& rules, std::optional<load::PlacementPolicy> configured,
                     const LoadNames& names) {
  json weights = json::array(), pins = json::array();
  for (const auto& [member, weight] : rules.weights) weights.push_back({{"member", member.value}, {"weight", weight}});
  for (const load::Pin& pin : rules.pins) pins.push_back(pin_json(pin, names));
  return {{"policy", configured ? to_string(rules.policy.value_or(*configured)) : "none"},
          {"policy_of", configured && rules.policy ? "group" : "member"},
          {"balance", to_string(rules.balance)},
          {"weights", std::move(weights)},
          {"pins", std::move(pins)}};
}

}  // namespace shoal
