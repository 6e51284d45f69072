#include "tools/node/trace_desk.h"

#include <catch2/catch.hpp>

#include "cluster/load/group_json.h"

using namespace shoal;

namespace {

load::OwnSession session(std::uint64_t number, double units) {
  load::OwnSession one;
  one.load.session = {MemberId{1}, number};
  one.load.initiator_name = std::string(223, 'x');  // as long as a name may be
  one.load.rate.requests = units;
  return one;
}

}  // namespace

TEST_CASE("a member's part of a trace has its sessions, the busiest first, and fits into a message") {
  std::vector<load::OwnSession> sessions;
  for (std::uint64_t number = 1; number <= 4000; ++number) sessions.push_back(session(number, double(number % 100)));
  const nlohmann::json part = trace_sessions_json(sessions);
  CHECK(part.size() > 1000);
  CHECK(part.size() < sessions.size());
  CHECK(part.dump().size() < routing::kMaxControlBytes);
  CHECK(part[0].at("session") == "1-99");
  CHECK(part.back().at("requests") < 99);
  sessions.resize(3);
  const nlohmann::json whole = trace_sessions_json(sessions);
  REQUIRE(whole.size() == 3);
  CHECK(load::own_session_of(whole[0]) == sessions[2]);
}
