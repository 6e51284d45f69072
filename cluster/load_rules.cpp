#include "cluster/load_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cluster/load/json_guard.h"
#include "cluster/record_json.h"
#include "target/base/log.h"
#include "target/base/name_pattern.h"

namespace shoal::cluster {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

bool is_weight(double weight) { return weight >= load::kLightest && weight <= load::kHeaviest; }

json pin_json(const load::Pin& pin) {
  json object{{"initiator", pin.initiator}, {"member", pin.member.value}};
  if (pin.volume) object["image"] = pin.volume->value;
  return object;
}

using load::limited;
using load::not_ours;

MemberId member_of(const json& object) {
  const MemberId member{object.at("member").get<std::uint32_t>()};
  if (member == MemberId{}) not_ours("no member");
  return member;
}

load::Pin pin_of(const json& object) {
  load::Pin pin{object.at("initiator").get<std::string>(), std::nullopt, member_of(object)};
  if (!is_name_pattern(pin.initiator)) not_ours("pattern");
  if (object.contains("image")) pin.volume = ImageId{object.at("image").get<std::uint64_t>()};
  return pin;
}

LoadRules rules_of(const json& object) {
  LoadRules rules;
  if (object.contains("policy")) {
    rules.policy = readable(load::parse_placement_policy(object.at("policy").get<std::string>()), "policy");
  }
  rules.balance = readable(load::parse_balancer_mode(object.at("balance").get<std::string>()), "balancer mode");
  for (const json& each : limited(object.at("weights"), kMaxWeights)) {
    const double weight = each.at("weight").get<double>();
    if (!is_weight(weight)) not_ours("weight");
    rules.weights[member_of(each)] = weight;
  }
  for (const json& each : limited(object.at("pins"), load::kMaxPins)) rules.pins.push_back(pin_of(each));
  return rules;
}

bool erase_pin(LoadRules& rules, const std::string& initiator, std::optional<ImageId> volume) {
  return std::erase_if(rules.pins, [&](const load::Pin& each) {
           return each.initiator == initiator && each.volume == volume;
         }) != 0;
}

using Outcome = std::optional<LoadRulesError>;
constexpr std::nullopt_t kDone = std::nullopt;

}  // namespace

double LoadRules::weight_of(MemberId member) const {
  const auto found = weights.find(member);
  return found == weights.end() ? 1 : found->second;
}

std::string encode(const LoadRules& rules, std::uint64_t token) {
  json weights = json::array(), pins = json::array();
  for (const auto& [member, weight] : rules.weights) weights.push_back({{"member", member.value}, {"weight", weight}});
  for (const load::Pin& each : rules.pins) pins.push_back(pin_json(each));
  json object{{"format", kFormat},
              {"token", token},
              {"balance", to_string(rules.balance)},
              {"weights", std::move(weights)},
              {"pins", std::move(pins)}};
  if (rules.policy) object["policy"] = to_string(*rules.policy);
  return object.dump();
}

std::optional<LoadRules> decode_load_rules(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  try {
    if (object.at("format") != kFormat) return std::nullopt;
    return rules_of(object);
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

ChangeLoadRules set_policy(load::PlacementPolicy policy) {
  return [policy](LoadRules& rules) -> Outcome {
    rules.policy = policy;
    return kDone;
  };
}

ChangeLoadRules set_balance(load::BalancerMode mode) {
  return [mode](LoadRules& rules) -> Outcome {
    rules.balance = mode;
    return kDone;
  };
}

ChangeLoadRules set_weight(MemberId member, double weight) {
  return [member, weight](LoadRules& rules) -> Outcome {
    if (!is_weight(weight)) {
      return LoadRulesError{400,
                            fmt::format("a weight is a number from {} to {}: a member with 2 is to carry twice what "
                                        "one with 1 carries",
                                        load::kLightest, load::kHeaviest)};
    }
    rules.weights[member] = weight;
    if (weight == 1) rules.weights.erase(member);
    if (rules.weights.size() > kMaxWeights) return LoadRulesError{409, "too many members have a weight of their own"};
    return kDone;
  };
}

ChangeLoadRules pin(load::Pin pin) {
  pin.initiator = normalised_name(pin.initiator);
  return [pin = std::move(pin)](LoadRules& rules) -> Outcome {
    if (!is_name_pattern(pin.initiator)) return LoadRulesError{400, no_name_pattern(pin.initiator)};
    erase_pin(rules, pin.initiator, pin.volume);
    if (rules.pins.size() >= load::kMaxPins) {
      return LoadRulesError{
          409, fmt::format("the group has {} pins, and more are not supported: use wildcards", rules.pins.size())};
    }
    rules.pins.insert(rules.pins.begin(), pin);
    return kDone;
  };
}

ChangeLoadRules unpin(std::string initiator, std::optional<ImageId> volume) {
  return [initiator = normalised_name(initiator), volume](LoadRules& rules) -> Outcome {
    if (erase_pin(rules, initiator, volume)) return kDone;
    return LoadRulesError{404, fmt::format("there is no such pin of {}; `shoalctl load rules` shows them",
                                           shoal::quoted(initiator.substr(0, kMaxNamePatternBytes + 1)))};
  };
}

ChangeLoadRules without_pins_of(std::function<bool(ImageId)> was_deleted, ChangeLoadRules change) {
  return [was_deleted = std::move(was_deleted), change = std::move(change)](LoadRules& rules) -> Outcome {
    std::erase_if(rules.pins, [&](const load::Pin& each) { return each.volume && was_deleted(*each.volume); });
    return change(rules);
  };
}

}  // namespace shoal::cluster
