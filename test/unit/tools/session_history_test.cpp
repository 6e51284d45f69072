#include "tools/node/session_history.h"

#include <catch2/catch.hpp>

#include "cluster/group_sessions.h"
#include "test/unit/load/group.h"

using namespace shoal;
using load::at;

namespace {

NexusName nexus(std::uint64_t isid, const std::string& host = "iqn.host") { return {ImageId{7}, 1, host, isid}; }

// A member whose sessions a test names second by second.
struct Watched {
  SessionHistory history;
  std::vector<LocalSession> sessions;

  std::vector<load::ConnectionLost> observe(double now, const std::vector<NexusName>& here) {
    sessions.clear();
    for (const NexusName& name : here) {
      sessions.push_back({name, {}});
      sessions.back().own.nexus = cluster::GroupSessions::id_of(name);
    }
    return history.observe(at(now), sessions);
  }
};

}  // namespace

TEST_CASE("a session that logs in again has lost its connection, one that is new has not") {
  Watched member;
  member.history.logged_in(at(0), nexus(1), false);
  CHECK(member.observe(1, {nexus(1)}).empty());
  member.history.logged_in(at(1.5), nexus(1), false);
  const auto lost = member.observe(2, {nexus(1)});
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].nexus == member.history.identity(nexus(1)));
  CHECK(lost[0].at == at(1.5));
  CHECK(member.observe(3, {nexus(1)}).empty());
}

TEST_CASE("each of several logins within a period counts, at its time") {
  Watched member;
  for (int i = 0; i < 3; ++i) member.history.logged_in(at(i * 0.1), nexus(1), false);
  const auto lost = member.observe(1, {nexus(1)});
  REQUIRE(lost.size() == 2);
  CHECK(lost[0].at < lost[1].at);
}

TEST_CASE("a nexus that the group knows has lost its connection at another member") {
  Watched member;
  member.history.logged_in(at(0), nexus(1), true);
  CHECK(member.observe(1, {nexus(1)}).size() == 1);
}

TEST_CASE("who comes by a move has come then, which is not told as a loss; what follows is") {
  Watched member;
  member.history.moved_here(at(0), nexus(1), nexus(1));
  member.history.logged_in(at(0.001), nexus(1), true);
  CHECK(member.observe(1, {nexus(1)}).empty());
  CHECK(member.sessions[0].own.moved_here == at(0));
  member.history.logged_in(at(2), nexus(1), true);
  CHECK(member.observe(3, {nexus(1)}).size() == 1);
  CHECK(member.sessions[0].own.moved_here == at(0));
}

TEST_CASE("a host that comes back with another ISID is the session that it was") {
  Watched member;
  member.observe(1, {nexus(1)});
  const NexusId was = member.history.identity(nexus(1));
  member.history.logged_in(at(2), nexus(2), false);
  const auto lost = member.observe(3, {nexus(2)});
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].nexus == was);
  CHECK(member.sessions[0].own.nexus == was);
  SECTION("also when it comes by a move") {
    member.history.moved_here(at(4), nexus(9), nexus(8));
    member.history.logged_in(at(4), nexus(9), false);
    CHECK(member.observe(5, {nexus(2), nexus(9)}).empty());
    CHECK(member.sessions[1].own.nexus == cluster::GroupSessions::id_of(nexus(8)));
  }
}

TEST_CASE("two sessions of one host at once are two") {
  Watched member;
  member.history.logged_in(at(0), nexus(1), false);
  member.history.logged_in(at(0), nexus(2), false);
  CHECK(member.observe(1, {}).empty());  // no session is listed yet
  CHECK(member.observe(2, {nexus(1), nexus(2)}).empty());
  CHECK(member.sessions[0].own.nexus != member.sessions[1].own.nexus);
  member.history.logged_in(at(2), nexus(3, "iqn.other"), false);
  CHECK(member.observe(3, {nexus(2), nexus(3, "iqn.other")}).empty());
}

TEST_CASE("a session that has gone is forgotten after a minute") {
  Watched member;
  member.observe(1, {nexus(1)});
  member.observe(61, {});
  member.history.logged_in(at(62), nexus(1), false);
  CHECK(member.observe(63, {nexus(1)}).empty());
}
