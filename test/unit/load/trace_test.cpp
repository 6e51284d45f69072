#include "cluster/load/trace.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

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

TEST_CASE("the name of a session is written and read") {
  CHECK(session_text({MemberId{2}, 17}) == "2-17");
  CHECK(parse_session("2-17") == SessionName{MemberId{2}, 17});
  for (const char* wrong : {"", "2", "2-", "-17", "2-17-3", "2-x", "a-1", "2-99999999999999999999999"}) {
    CHECK_FALSE(parse_session(wrong));
  }
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
