#include "tools/node/decision_query.h"

#include <catch2/catch.hpp>

#include "test/unit/load/group.h"
#include "tools/shoalctl/views.h"

using namespace shoal;
using namespace shoal::load;
using Catch::Contains;
using nlohmann::json;

namespace {

DecisionRecord record(double seconds, std::uint64_t session, std::size_t members = 3) {
  Group group = Group::of({900, 100, 100});
  for (std::uint32_t id = 4; id <= members; ++id) group.load.members[MemberId{id}] = group.load.members[MemberId{1}];
  DecisionRecord record;
  record.at = at(seconds);
  record.member = MemberId{1};
  record.kind = DecisionKind::move;
  record.session = SessionName{MemberId{1}, session};
  record.initiator_name = "iqn.host";
  record.volume = ImageId{7};
  record.inputs = std::make_shared<const GroupLoad>(group.load);
  record.formula = "gain: (imbalance before - after) / before";
  record.alternatives = {{MemberId{2}, record.session, 0.5, ""}, {MemberId{3}, record.session, 0, "draining"}};
  record.choice = MemberId{2};
  record.reason = "over-utilised";
  record.cost = 100ms;
  return record;
}

std::vector<std::uint64_t> numbers(const json& decisions) {
  std::vector<std::uint64_t> found;
  for (const json& each : decisions) found.push_back(each.at("number"));
  return found;
}

}  // namespace

TEST_CASE("how many decisions are asked for stands in the path, within limits") {
  CHECK(parse_decision_query("")->last == kDecisionsShown);
  CHECK(parse_decision_query("last=7")->last == 7);
  for (const char* wrong : {"last=", "last=0", "last=1025", "last=-1", "last=7x", "first=7"}) {
    CHECK_FALSE(parse_decision_query(wrong).has_value());
  }
}

TEST_CASE("a query goes from member to member as it is") {
  DecisionQuery query{.last = 3};
  CHECK(decode_decision_query(encode(query)) == query);
  query.subject = {{MemberId{2}, 17}, "iqn.host", ImageId{7}};
  CHECK(decode_decision_query(encode(query)) == query);
  for (const char* wrong : {"", "[]", "{}", R"({"last": "x"})", R"({"last": 1, "session": "x"})"}) {
    CHECK_FALSE(decode_decision_query(wrong).has_value());
  }
  CHECK(decode_decision_query(R"({"last": 1000000})")->last == kMaxDecisions);
}

TEST_CASE("a member answers with the newest that are asked for, oldest first") {
  DecisionLog log;
  for (std::uint64_t i = 1; i <= 5; ++i) log.add(record(double(i), i));
  CHECK(numbers(answer({.last = 2}, log, at(9))) == std::vector<std::uint64_t>{4, 5});
  DecisionQuery about{.last = 10};
  about.subject = {{MemberId{1}, 3}, "", ImageId{}};
  CHECK(numbers(answer(about, log, at(9))) == std::vector<std::uint64_t>{3});
}

TEST_CASE("an answer stays within its bytes, however large the pictures are") {
  DecisionLog log;
  for (std::uint64_t i = 1; i <= 100; ++i) log.add(record(double(i), i, 100));
  const json list = answer({.last = 100}, log, at(200));
  CHECK(list.size() < 100);
  CHECK(list.size() > 5);
  CHECK(list.dump().size() < kMaxDecisionBytes + list.size() + 2);
  CHECK(list.back().at("number") == 100);
}

TEST_CASE("answers of several members are one list by age, and what is no decision is left out") {
  json both = json::array({{{"age_s", 5.0}, {"member", 1}, {"number", 4}},
                           {{"age_s", 1.0}, {"member", 1}, {"number", 5}},
                           {{"age_s", 3.0}, {"member", 2}, {"number", 9}},
                           "no decision",
                           {{"age_s", "x"}, {"member", 2}, {"number", 10}}});
  CHECK(numbers(newest(both, 10)) == std::vector<std::uint64_t>{4, 9, 5});
  CHECK(numbers(newest(both, 2)) == std::vector<std::uint64_t>{9, 5});
}

TEST_CASE("people see what was decided, from what, and what came of it") {
  DecisionLog log;
  log.add(record(0, 5));
  log.settle(1, {"session 1-5 is at member 2", 120ms});
  log.settle(2, {"nobody has decided that", {}});
  Group after = Group::of({400, 350, 350});
  log.feed(at(60), std::make_shared<const GroupLoad>(after.load));
  json given{{"decisions", answer({}, log, at(61))}, {"missing", json::array({3})}, {"volumes", {{"7", "demo"}}}};
  const std::string list = view_decisions(given);
  CHECK_THAT(list, Contains("61 s") && Contains("1-5") && Contains("demo") && Contains("over-utilised"));
  CHECK_THAT(list, Contains("share 82 % -> 36 %") && Contains("pause 0.12 s"));
  CHECK_THAT(list, Contains("member 3 did not answer"));
  given["session"] = {
      {"id", "2-9"}, {"member", 2}, {"volume", "demo"}, {"initiator", "iqn.host"}, {"came", "redirect"}};
  const std::string why = view_why(given);
  CHECK_THAT(why, Contains("session 2-9 of volume demo is at member 2"));
  CHECK_THAT(why, Contains("61 s ago, member 1, decision 1: move of session 1-5 to member 2: over-utilised"));
  CHECK_THAT(why, Contains("gain: (imbalance before - after) / before; highest first"));
  CHECK_THAT(why, Contains("draining") && Contains("a pause of 0.10 s was expected") && Contains("after 60 s"));
  given["session"] = {{"id", "2-9"}};
  given["decisions"] = json::array();
  CHECK_THAT(view_why(given), Contains("is here no more") && Contains("no decision about it is known"));
  given["session"]["member_silent"] = true;
  CHECK_THAT(view_why(given), Contains("is not known: its member does not answer") && !Contains("is here no more"));
}

TEST_CASE("what was only observed is told so") {
  DecisionLog log;
  DecisionRecord observed = record(0, 5);
  observed.observed = true;
  log.add(observed);
  CHECK_THAT(view_decisions({{"decisions", answer({}, log, at(1))}}), Contains("move (observed)"));
}
