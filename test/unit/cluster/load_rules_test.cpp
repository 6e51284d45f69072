#include "cluster/load_rules.h"

#include <catch2/catch.hpp>

#include "target/base/name_pattern.h"

using namespace shoal;
using namespace shoal::cluster;
using Catch::Contains;
using load::Pin;

namespace {

LoadRules some_rules() {
  LoadRules rules;
  rules.policy = load::PlacementPolicy::affinity;
  rules.balance = load::BalancerMode::observe;
  rules.weights = {{MemberId{2}, 0.5}, {MemberId{7}, 4}};
  rules.pins = {{"iqn.x:db*", ImageId{7}, MemberId{2}}, {"*", std::nullopt, MemberId{3}}};
  return rules;
}

std::string refusal(LoadRules& rules, const ChangeLoadRules& change) {
  const auto error = change(rules);
  return error ? error->text : "";
}

// What one part of a good record is replaced by makes it no record.
bool readable(const std::string& part, const std::string& by) {
  std::string text = encode(some_rules(), 1);
  const std::size_t at = text.find(part);
  REQUIRE(at != std::string::npos);
  return decode_load_rules(text.replace(at, part.size(), by)).has_value();
}

std::string record_with(const std::string& list, const std::string& one, std::size_t count) {
  std::string text = R"({"format":1,"balance":"act")";
  for (const std::string name : {"weights", "pins"}) {
    text += ",\"" + name + "\":[";
    for (std::size_t i = 0; name == list && i < count; ++i) text += (i ? "," : "") + one;
    text += "]";
  }
  return text + "}";
}

}  // namespace

TEST_CASE("rules of load come back from their record as they were") {
  CHECK(decode_load_rules(encode(some_rules(), 7)) == some_rules());
  CHECK(decode_load_rules(encode({}, 7)) == LoadRules{});
  CHECK(encode({}, 7) != encode({}, 8));  // each writer knows its own
}

TEST_CASE("a record of load that this version did not write is none") {
  CHECK_FALSE(decode_load_rules(""));
  CHECK_FALSE(decode_load_rules("[]"));
  CHECK_FALSE(decode_load_rules("{}"));
  CHECK(readable("observe", "act"));
  CHECK_FALSE(readable("observe", "sometimes"));
  CHECK_FALSE(readable("\"format\":1", "\"format\":2"));
  CHECK_FALSE(readable("\"affinity\"", "\"none\""));
  CHECK_FALSE(readable("\"affinity\"", "7"));
  CHECK_FALSE(readable("0.5", "0"));
  CHECK_FALSE(readable("0.5", "-1"));
  CHECK_FALSE(readable("0.5", "1e300"));
  CHECK_FALSE(readable("0.5", "\"0.5\""));
  CHECK_FALSE(readable("\"member\":7", "\"member\":0"));
  CHECK_FALSE(readable("iqn.x:db*", "iqn x"));
  CHECK_FALSE(readable("\"iqn.x:db*\"", "null"));
  CHECK_FALSE(readable("\"image\":7", "\"image\":\"demo\""));
}

TEST_CASE("a record of load with more than the limits allow is none") {
  const std::string pin = R"({"initiator":"*","member":1})", weight = R"({"member":1,"weight":2})";
  CHECK(decode_load_rules(record_with("pins", pin, load::kMaxPins)));
  CHECK_FALSE(decode_load_rules(record_with("pins", pin, load::kMaxPins + 1)));
  CHECK(decode_load_rules(record_with("weights", weight, kMaxWeights)));
  CHECK_FALSE(decode_load_rules(record_with("weights", weight, kMaxWeights + 1)));
}

TEST_CASE("policy, mode and weights are what was said last, and 1 is the weight of whom nobody speaks") {
  LoadRules rules;
  for (const auto policy : {load::PlacementPolicy::weighted, load::PlacementPolicy::round_robin}) {
    CHECK(refusal(rules, set_policy(policy)) == "");
    CHECK(rules.policy == policy);
  }
  CHECK(refusal(rules, set_balance(load::BalancerMode::off)) == "");
  CHECK(rules.balance == load::BalancerMode::off);
  CHECK(refusal(rules, set_weight(MemberId{2}, 2.5)) == "");
  CHECK(rules.weight_of(MemberId{2}) == 2.5);
  CHECK(rules.weight_of(MemberId{1}) == 1);
  CHECK(refusal(rules, set_weight(MemberId{2}, 1)) == "");
  CHECK(rules.weights.empty());
}

TEST_CASE("a weight that a formula can not take is refused") {
  LoadRules rules;
  for (const double wrong : {0.0, -1.0, load::kLightest / 2, load::kHeaviest * 2, 0.0 / 0.0}) {
    CHECK_THAT(refusal(rules, set_weight(MemberId{1}, wrong)), Contains("0.001 to 1000"));
  }
  CHECK(refusal(rules, set_weight(MemberId{1}, load::kLightest)) == "");
  CHECK(refusal(rules, set_weight(MemberId{1}, load::kHeaviest)) == "");
}

TEST_CASE("the latest pin counts before older ones, and takes the place of its like") {
  LoadRules rules;
  const ImageId disk{7};
  CHECK(refusal(rules, pin({"iqn.x:a", std::nullopt, MemberId{1}})) == "");
  CHECK(refusal(rules, pin({"IQN.X:*", std::nullopt, MemberId{2}})) == "");
  CHECK(load::pinned_to(rules.pins, "iqn.x:a", disk) == MemberId{2});
  CHECK(refusal(rules, pin({"iqn.x:a", disk, MemberId{3}})) == "");
  CHECK(load::pinned_to(rules.pins, "iqn.x:a", disk) == MemberId{3});
  CHECK(load::pinned_to(rules.pins, "iqn.x:a", ImageId{8}) == MemberId{2});
  CHECK(refusal(rules, pin({"iqn.x:a", std::nullopt, MemberId{4}})) == "");
  CHECK(rules.pins.size() == 3);
  CHECK(rules.pins.front() == Pin{"iqn.x:a", std::nullopt, MemberId{4}});
}

TEST_CASE("a pin is taken back by its pattern and volume") {
  LoadRules rules = some_rules();
  CHECK_THAT(refusal(rules, unpin("iqn.x:db*", std::nullopt)), Contains("no such pin"));
  CHECK_THAT(refusal(rules, unpin("iqn.y", ImageId{7})), Contains("no such pin"));
  CHECK(refusal(rules, unpin("IQN.x:db*", ImageId{7})) == "");
  CHECK(refusal(rules, unpin("*", std::nullopt)) == "");
  CHECK(rules.pins.empty());
}

TEST_CASE("what is no pattern of names can not be pinned, and pins are not more than their limit") {
  LoadRules rules;
  for (const std::string& wrong :
       std::vector<std::string>{"", "a b", "a/b", std::string(kMaxNamePatternBytes + 1, 'a')}) {
    CHECK_THAT(refusal(rules, pin({wrong, std::nullopt, MemberId{1}})), Contains("no initiator name"));
  }
  for (std::size_t i = 0; i < load::kMaxPins; ++i) {
    REQUIRE(refusal(rules, pin({"iqn.x:" + std::to_string(i), std::nullopt, MemberId{1}})) == "");
  }
  CHECK_THAT(refusal(rules, pin({"iqn.x:more", std::nullopt, MemberId{1}})), Contains("1024 pins"));
  CHECK(refusal(rules, pin({"iqn.x:0", std::nullopt, MemberId{2}})) == "");  // in the place of its like
  CHECK(encode(rules, 1).size() < 1024 * 1024);
}

TEST_CASE("pins of a volume that is gone go with the next change") {
  LoadRules rules = some_rules();
  const auto gone = [](ImageId image) { return image == ImageId{7}; };
  CHECK(refusal(rules, without_pins_of(gone, set_balance(load::BalancerMode::act))) == "");
  CHECK(rules.pins == std::vector<Pin>{{"*", std::nullopt, MemberId{3}}});
}
