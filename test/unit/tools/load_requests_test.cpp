#include "tools/node/load_requests.h"

#include <catch2/catch.hpp>

#include "tools/shoalctl/views.h"

using namespace shoal;
using Catch::Contains;
using cluster::LoadRules;
using load::PlacementPolicy;
using nlohmann::json;

namespace {

const LoadNames kNames{{MemberId{1}, MemberId{2}}, {{"data", ImageId{7}}, {"logs", ImageId{8}}}};

struct Outcome {
  int status = 200;
  std::string text;
};

// What becomes of the rules, and of whom ordered it.
Outcome order(LoadRules& rules, const std::string& word, const std::string& body) {
  const auto change = parse_load_order(word, body, kNames);
  if (!change) return {change.error().status, change.error().text};
  const auto error = (*change)(rules);
  return error ? Outcome{error->status, error->text} : Outcome{};
}
std::string refusal(const std::string& word, const std::string& body, int status = 400) {
  LoadRules rules;
  const Outcome outcome = order(rules, word, body);
  CHECK(outcome.status == status);
  CHECK(rules == LoadRules{});
  return outcome.text;
}

}  // namespace

TEST_CASE("orders about load change what they name") {
  LoadRules rules;
  CHECK(order(rules, "policy", R"({"policy":"affinity"})").status == 200);
  CHECK(order(rules, "balance", R"({"mode":"observe"})").status == 200);
  CHECK(order(rules, "weight", R"({"member":2,"weight":2.5})").status == 200);
  CHECK(order(rules, "weight", R"({"member":1,"weight":3})").status == 200);
  CHECK(order(rules, "pin", R"({"initiator":"iqn.x:*","member":2})").status == 200);
  CHECK(order(rules, "pin", R"({"initiator":"iqn.x:db","volume":"data","member":1})").status == 200);
  CHECK(rules.policy == PlacementPolicy::affinity);
  CHECK(rules.balance == load::BalancerMode::observe);
  CHECK(rules.weights == std::map<MemberId, double>{{MemberId{1}, 3}, {MemberId{2}, 2.5}});
  CHECK(rules.pins == std::vector<load::Pin>{{"iqn.x:db", ImageId{7}, MemberId{1}}, {"iqn.x:*", {}, MemberId{2}}});
  CHECK(order(rules, "unpin", R"({"initiator":"iqn.x:db"})").status == 404);
  CHECK(order(rules, "unpin", R"({"initiator":"iqn.x:db","volume":"data"})").status == 200);
  CHECK(rules.pins.size() == 1);
}

TEST_CASE("a wrong order about load says what is wrong and what there is") {
  for (const std::string word : {"policy", "balance", "weight", "pin", "unpin"}) {
    CHECK(is_load_order(word));
    CHECK_THAT(refusal(word, ""), Contains("JSON object"));
    CHECK_THAT(refusal(word, R"({"colour":"red"})"), Contains("unknown key \"colour\""));
  }
  CHECK_FALSE(is_load_order("rules"));
  CHECK_THAT(refusal("policy", "{}"), Contains("\"policy\": expected a string"));
  CHECK_THAT(refusal("policy", R"({"policy":"best"})"), Contains("least-loaded, round-robin, weighted and affinity"));
  CHECK_THAT(refusal("policy", R"({"policy":"none"})"), Contains("in its configuration"));
  CHECK_THAT(refusal("balance", R"({"mode":"on"})"), Contains("off, observe and act"));
  CHECK_THAT(refusal("weight", R"({"member":1})"), Contains("\"weight\": expected a number"));
  CHECK_THAT(refusal("weight", R"({"member":1,"weight":0})"), Contains("0.001 to 1000"));
  CHECK_THAT(refusal("weight", R"({"member":"1","weight":1})"), Contains("whole number"));
  CHECK_THAT(refusal("pin", R"({"initiator":"a b","member":1})"), Contains("no initiator name"));
}

TEST_CASE("members and volumes that are not there are named") {
  CHECK_THAT(refusal("weight", R"({"member":9,"weight":1})", 404), Contains("no member 9"));
  CHECK_THAT(refusal("pin", R"({"initiator":"*","member":3})", 404), Contains("no member 3"));
  CHECK_THAT(refusal("pin", R"({"initiator":"*","member":4294967297})", 404), Contains("no member 4294967297"));
  CHECK_THAT(refusal("pin", R"({"initiator":"*","member":1,"volume":"x"})", 404), Contains("no volume \"x\""));
}

TEST_CASE("the rules of load are shown with volumes by their names, and with whose policy it is") {
  LoadRules rules;
  json shown = load_rules_json(rules, PlacementPolicy::least_loaded, kNames);
  CHECK(shown == json{{"policy", "least-loaded"},
                      {"policy_of", "member"},
                      {"balance", "act"},
                      {"weights", json::array()},
                      {"pins", json::array()}});
  CHECK_THAT(view_load_rules(shown), Contains("least-loaded (of this member's configuration)"));

  rules.policy = PlacementPolicy::weighted;
  rules.weights[MemberId{2}] = 2.5;
  rules.pins = {{"iqn.x:db", ImageId{7}, MemberId{1}}, {"*", {}, MemberId{2}}, {"iqn.y", ImageId{6}, MemberId{2}}};
  shown = load_rules_json(rules, PlacementPolicy::least_loaded, kNames);
  CHECK(shown["policy"] == "weighted");
  CHECK(shown["policy_of"] == "group");
  CHECK(shown["pins"][0] == json{{"initiator", "iqn.x:db"}, {"image", 7}, {"volume", "data"}, {"member", 1}});
  const std::string view = view_load_rules(shown);
  CHECK_THAT(view, Contains("2       2.5") && Contains("iqn.x:db") && Contains("data") && Contains("every volume") &&
                       Contains("image 6"));
  CHECK(load_rules_json(rules, std::nullopt, kNames)["policy"] == "none");
}
