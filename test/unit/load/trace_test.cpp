#include "cluster/load/trace.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cluster/load/group_json.h"
#include "test/unit/load/balancer_rig.h"

using namespace shoal;
using namespace shoal::load;

namespace {

// A second of what the balancer's rig has.
TraceStep step_of(BalancerRig& rig, double seconds) {
  rig.group.reported(seconds);
  return {rig.group.load, rig.sessions};
}

std::string changed(const std::string& path, const nlohmann::json& value) {
  BalancerRig rig;
  nlohmann::json line = nlohmann::json::parse(encode(step_of(rig, 1)));
  line.at(nlohmann::json::json_pointer(path)) = value;
  return line.dump();
}

std::string error_of(const std::string& line) {
  const auto step = decode_trace_step(line);
  return step ? "" : step.error();
}

}  // namespace

TEST_CASE("what is written to a trace is read from it, to the last bit") {
  BalancerRig rig({1.0 / 3, 300, 0});
  rig.group.draining(2).silent(3).pressure(0.1);
  rig.sessions[0].moved_here = at(0.123456789);
  rig.sessions[1].siblings_at = {MemberId{2}, MemberId{3}};
  rig.sessions[1].load.may_not_move = "pinned";
  rig.sessions[1].load.latency_s = 0.001;
  const TraceStep step = step_of(rig, 1.5);
  const auto read = decode_trace_step(encode(step));
  REQUIRE(read.has_value());
  CHECK(*read == step);
}

TEST_CASE("a name that is not UTF-8 does not spoil the trace") {
  BalancerRig rig;
  rig.sessions[0].load.initiator_name = "host\xff";
  CHECK(decode_trace_step(encode(step_of(rig, 1))).has_value());
}

TEST_CASE("a line that is none of a trace is refused with what is wrong with it") {
  CHECK(error_of("").find("not a line of a load trace") == 0);
  CHECK(error_of("{}").find("not a line of a load trace") == 0);
  CHECK(error_of("[1]").find("not a line of a load trace") == 0);
  CHECK(error_of(encode(TraceStep{})).empty());
  CHECK(error_of(std::string(kMaxTraceLine + 1, ' ')) == "a line of the trace is too long");
  CHECK(error_of(changed("/sessions", 5)) == "too many sessions in a line");
  CHECK(error_of(changed("/sessions", nlohmann::json::array_t(kMaxTraceSessions + 1))) ==
        "too many sessions in a line");
  for (const char* path :
       {"/group/members/0/work", "/group/work", "/sessions/0/requests", "/sessions/0/owners/0/fraction"}) {
    CHECK_FALSE(error_of(changed(path, -1)).empty());
    CHECK_FALSE(error_of(changed(path, "much")).empty());
    CHECK(error_of(changed(path, 1)).empty());
  }
  CHECK_FALSE(error_of(changed("/group/members/0/weight", 0)).empty());
  CHECK_FALSE(error_of(changed("/sessions/0/session", "2:17")).empty());
  CHECK_FALSE(error_of(changed("/sessions/0/nexus", "17")).empty());
  CHECK_FALSE(error_of(changed("/group/members", nlohmann::json::array_t(kMaxPictureMembers + 1))).empty());
}

TEST_CASE("a replay tells what a policy would have decided, by each member that has sessions in the trace") {
  BalancerRig rig({300, 300, 300});
  OwnSession other = rig.sessions[0];
  other.load.session = {MemberId{2}, 1};
  rig.sessions.push_back(other);
  TraceReplay replay({BalancerMode::act, false});
  for (int second = 0; second < 70; ++second) replay.step(step_of(rig, second));
  const auto& decisions = replay.decisions().all();
  REQUIRE(decisions.size() >= 3);
  CHECK(decisions[0].kind == DecisionKind::move);
  CHECK(decisions[0].at == at(5));
  CHECK(decisions[0].member == MemberId{1});
  CHECK(decisions[0].effect);
  CHECK(decisions[2].kind == DecisionKind::hold);
  CHECK(decisions[2].reason == "no-gain");
  for (const DecisionRecord& record : decisions) CHECK(record.member == MemberId{1});
  SECTION("another policy decides otherwise") {
    TraceReplay affinity({BalancerMode::observe, true});
    for (OwnSession& session : rig.sessions) session.load.owners = {{session.load.session.member, 1.0}};
    for (int second = 0; second < 10; ++second) affinity.step(step_of(rig, second));
    for (const DecisionRecord& record : affinity.decisions().all()) CHECK(record.kind != DecisionKind::move);
  }
}

TEST_CASE("a trace is read line by line, and what is wrong is told with its line") {
  BalancerRig rig;
  std::size_t steps = 0;
  const auto take = [&](const TraceStep&) { ++steps; };
  const std::string line = encode(step_of(rig, 1)) + "\n";
  std::istringstream good(line + line);
  CHECK(read_trace(good, take).has_value());
  CHECK(steps == 2);
  std::istringstream bad(line + "{}\n");
  CHECK(read_trace(bad, take).error().find("line 2: not a line of a load trace") == 0);
  std::istringstream endless(std::string(kMaxTraceLine + 2, ' '));
  CHECK(read_trace(endless, take).error() == "line 1: a line of the trace is too long");
}

TEST_CASE("a replay tells how uneven the members were, and would be with what it decided") {
  BalancerRig rig({300, 300, 300});
  TraceReplay replay({});
  for (int second = 0; second < 7; ++second) replay.step(step_of(rig, second));
  const ReplayFigures& figures = replay.figures();
  CHECK(figures.steps == 7);
  CHECK(figures.moves == 1);
  CHECK(figures.logins == 0);
  CHECK(figures.uneven_at_first > 1);
  CHECK(figures.uneven_at_last == figures.uneven_at_first);
  CHECK(figures.uneven_replayed < figures.uneven_at_first);
  SECTION("switched off it decides nothing") {
    TraceReplay off({.mode = BalancerMode::off});
    for (int second = 0; second < 7; ++second) off.step(step_of(rig, second));
    CHECK(off.figures().moves == 0);
    CHECK(off.figures().uneven_replayed == off.figures().uneven_at_last);
  }
}

TEST_CASE(
    "a session that comes later than the trace begins is a login that the policy places, but not one that was moved") {
  BalancerRig rig({300, 300});
  TraceReplay replay({.mode = BalancerMode::off}, PlacementPolicy::least_loaded);
  replay.step(step_of(rig, 0));
  rig.add(300);
  rig.add(300).moved_here = at(1);
  for (int second = 1; second < 4; ++second) replay.step(step_of(rig, second));
  CHECK(replay.figures().logins == 1);
  CHECK(replay.figures().placed_elsewhere == 1);
  REQUIRE(replay.decisions().all().size() == 1);
  const DecisionRecord& record = replay.decisions().all().front();
  CHECK(record.kind == DecisionKind::allocate);
  CHECK(record.choice != MemberId{1});
  CHECK(record.initiator_name == "host3");
  CHECK(replay.figures().uneven_replayed < replay.figures().uneven_at_last);
}
