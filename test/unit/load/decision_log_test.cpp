#include "cluster/load/decision_log.h"

#include <catch2/catch.hpp>

#include "cluster/load/verdict_filter.h"
#include "test/unit/load/balancer_rig.h"

using namespace shoal;
using namespace shoal::load;

namespace {

Picture picture(double seconds, std::initializer_list<double> works = {900, 100, 100}) {
  Group group = Group::of(works);
  return std::make_shared<const GroupLoad>(group.reported(seconds).load);
}

DecisionRecord allocation(double seconds, const std::string& host = "iqn.host1") {
  Placed placed;
  placed.member = MemberId{2};
  placed.alternatives = {{MemberId{1}, {}, 900, ""}, {MemberId{2}, {}, 100, ""}};
  placed.formula = placed.reason = "least-loaded";
  return record_of(at(seconds), MemberId{1}, {host, 1, ImageId{7}}, placed, picture(seconds));
}

Verdict hold(HoldReason reason) { return {Hold{reason}, {}, {}, std::string(to_string(reason))}; }
Verdict move() {
  return {Move{{MemberId{1}, 5}, nexus(5), MemberId{2}, MoveReason::over_utilised, 300, 300}, {}, {}, ""};
}

}  // namespace

TEST_CASE("records are numbered, and the oldest go when the ring is full") {
  DecisionLog log;
  for (std::size_t i = 0; i < kMaxDecisions + 3; ++i) CHECK(log.add(allocation(0)) == i + 1);
  CHECK(log.all().size() == kMaxDecisions);
  CHECK(log.all().front().number == 4);
  CHECK(log.find(3) == nullptr);
  CHECK(log.find(4)->number == 4);
  CHECK(log.find(kMaxDecisions + 3)->number == kMaxDecisions + 3);
  CHECK(log.find(kMaxDecisions + 4) == nullptr);
  CHECK(DecisionLog().find(0) == nullptr);
}

TEST_CASE("a storm of logins leaves half of the log to what was decided about sessions") {
  DecisionLog log;
  DecisionRecord moved = allocation(0);
  moved.kind = DecisionKind::move;
  for (std::size_t i = 0; i < kMaxDecisions; ++i) log.add(moved);
  for (std::size_t i = 0; i < 2 * kMaxDecisions; ++i) log.add(allocation(1));
  const auto is_move = [](const DecisionRecord& record) { return record.kind == DecisionKind::move; };
  CHECK(std::count_if(log.all().begin(), log.all().end(), is_move) == kMaxDecisions / 2);
  CHECK(log.all().size() == kMaxDecisions);
  CHECK(log.find(kMaxDecisions / 2) == nullptr);
  log.settle(kMaxDecisions, {"moved", {}});
  REQUIRE(log.find(kMaxDecisions));
  CHECK(log.find(kMaxDecisions)->outcome == DecisionOutcome{"moved", {}});
  CHECK(log.find(kMaxDecisions + 1) == nullptr);
}

TEST_CASE("the effect is the picture of a minute later, filled in once") {
  DecisionLog log;
  log.add(allocation(0));
  log.add(allocation(10));
  log.feed(at(59), picture(59));
  CHECK_FALSE(log.find(1)->effect);
  const Picture later = picture(60, {400, 350, 350});
  log.feed(at(60), later);
  REQUIRE(log.find(1)->effect);
  CHECK(log.find(1)->effect->after == 60s);
  CHECK(log.find(1)->effect->load == later);
  CHECK_FALSE(log.find(2)->effect);
  log.feed(at(70), picture(70));
  CHECK(log.find(1)->effect->load == later);
  CHECK(log.find(2)->effect);
}

TEST_CASE("of a minute that nobody measured no effect is told") {
  DecisionLog log;
  log.add(allocation(0));
  log.feed(at(90), picture(90));
  CHECK_FALSE(log.find(1)->effect);
}

TEST_CASE("what concerns a session is found by its name, and by its host and volume") {
  DecisionLog log;
  log.add(allocation(0, "iqn.host1"));
  log.add(allocation(0, "iqn.host2"));
  DecisionRecord moved = allocation(1, "");
  moved.session = SessionName{MemberId{2}, 17};
  log.add(moved);
  const auto found = log.of_session({MemberId{2}, 17}, "iqn.host1", ImageId{7});
  REQUIRE(found.size() == 2);
  CHECK(found[0]->number == 1);
  CHECK(found[1]->number == 3);
  CHECK(log.of_session({MemberId{2}, 18}, "iqn.host1", ImageId{8}).empty());
  CHECK(log.of_session({MemberId{2}, 18}, "", ImageId{7}).empty());
}

TEST_CASE("the record of a move names host, volume, choice and what it costs") {
  BalancerRig rig;
  rig.sessions[0].load.image = ImageId{9};
  const Verdict verdict = rig.after(5);
  const DecisionRecord record = record_of(at(5), MemberId{1}, verdict, rig.sessions, picture(5), 300ms);
  CHECK(record.kind == DecisionKind::move);
  CHECK(record.session == SessionName{MemberId{1}, 1});
  CHECK(record.initiator_name == "host1");
  CHECK(record.volume == ImageId{9});
  CHECK(record.choice == MemberId{2});
  CHECK(record.cost == 300ms);
  CHECK(record.alternatives == verdict.alternatives);
  rig.works({0, 0, 0}).group.draining(1);
  rig.refuse(verdict);
  CHECK(record_of(at(6), MemberId{1}, rig.ask(), rig.sessions, picture(6)).kind == DecisionKind::drain);
}

TEST_CASE("a record in JSON has its inputs, alternatives and effect") {
  DecisionLog log;
  DecisionRecord record = allocation(1);
  record.session = SessionName{MemberId{2}, 17};
  record.alternatives[0].note = "not ready";
  record.alternatives[1].session = record.session;
  log.add(record);
  log.feed(at(62), picture(62, {400, 300, 300}));
  const nlohmann::json json = decision_json(*log.find(1), at(63));
  CHECK(json.at("number") == 1);
  CHECK(json.at("age_s") == 62);
  CHECK(json.at("kind") == "allocate");
  CHECK(json.at("session") == "2-17");
  CHECK(json.at("initiator") == "iqn.host1");
  CHECK(json.at("choice") == 2);
  CHECK(json.at("inputs").at("members").at(0).at("work") == 900);
  CHECK(json.at("alternatives").at(0).at("note") == "not ready");
  CHECK(json.at("alternatives").at(1).at("score") == 100);
  CHECK(json.at("effect").at("after_s") == 61);
  CHECK(json.at("effect").at("load").at("members").at(0).at("work") == 400);
  CHECK_FALSE(decision_json(allocation(1), at(1)).contains("effect"));
}

TEST_CASE("every move is worth a record, and the hold that ends a row of them") {
  VerdictFilter filter;
  CHECK_FALSE(filter.worth_recording(at(0), hold(HoldReason::balanced)));
  CHECK_FALSE(filter.worth_recording(at(1), hold(HoldReason::not_for_long)));
  CHECK(filter.worth_recording(at(2), move()));
  CHECK_FALSE(filter.worth_recording(at(3), hold(HoldReason::moving)));
  CHECK_FALSE(filter.worth_recording(at(4), hold(HoldReason::pacing)));
  CHECK(filter.worth_recording(at(5), move()));
  CHECK(filter.worth_recording(at(6), hold(HoldReason::balanced)));
  CHECK_FALSE(filter.worth_recording(at(7), hold(HoldReason::balanced)));
  CHECK_FALSE(filter.worth_recording(at(8), hold(HoldReason::idle)));
}

TEST_CASE("a reason that keeps a member from acting is told once a minute, and again after a move") {
  VerdictFilter filter;
  CHECK(filter.worth_recording(at(0), hold(HoldReason::swinging)));
  CHECK_FALSE(filter.worth_recording(at(1), hold(HoldReason::swinging)));
  CHECK(filter.worth_recording(at(2), hold(HoldReason::no_gain)));
  CHECK_FALSE(filter.worth_recording(at(3), hold(HoldReason::swinging)));
  CHECK(filter.worth_recording(at(60), hold(HoldReason::swinging)));
  CHECK(filter.worth_recording(at(61), move()));
  CHECK(filter.worth_recording(at(62), hold(HoldReason::swinging)));
  CHECK(filter.worth_recording(at(63), hold(HoldReason::idle)));
}
