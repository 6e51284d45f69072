#include "cluster/redirect_policy.h"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::cluster;

namespace {

Endpoint portal(std::uint32_t member) { return {"127.0.1." + std::to_string(member), 3261}; }

struct Login {
  PlaceQuestion question;
  std::vector<Candidate> candidates{
      {MemberId{1}, portal(1), true}, {MemberId{2}, portal(2), true}, {MemberId{3}, portal(3), true}};
  RedirectRule rule = RedirectRule::round_robin;
  MemberId next;

  Login& held_by(std::uint32_t member) {
    question.record = NexusRecord{{}, MemberId{member}, {}, 1, 1, 1};
    return *this;
  }
  Login& moving_from(std::uint32_t member) {
    question.record = NexusRecord{{}, {}, MemberId{member}, 1, 1, 1};
    return *this;
  }
  Login& place_at(std::uint32_t member) {
    question.record->place_at = MemberId{member};
    return *this;
  }
  Login& down(std::uint32_t member) {
    candidates.at(member - 1).ready = false;
    return *this;
  }
  // The member that serves it, as member 1 decides; 0: unavailable.
  std::uint32_t where() {
    const LoginDecision decision = place(question, MemberId{1}, candidates, rule, next);
    if (std::holds_alternative<ServeHere>(decision.what)) return 1;
    if (std::holds_alternative<Unavailable>(decision.what)) return 0;
    const Endpoint address = std::get<RedirectTo>(decision.what).address;
    for (std::uint32_t member = 2; member <= 3; ++member) {
      if (address == portal(member)) return member;
    }
    return 99;
  }
};

}  // namespace

TEST_CASE("who came to a member portal is served there, wherever the nexus is") {
  Login login;
  login.question.at_member_portal = true;
  CHECK(login.held_by(3).where() == 1);
  login.question.draining = true;
  CHECK(login.where() == 0);
}

TEST_CASE("a nexus that is held goes to its holder while that is ready") {
  CHECK(Login().held_by(3).where() == 3);
  CHECK(Login().held_by(1).where() == 1);
  CHECK(Login().held_by(3).down(3).where() == 1);
  Login none;
  none.rule = RedirectRule::none;
  CHECK(none.held_by(2).where() == 2);
}

TEST_CASE("round robin takes the ready members in turn, this one included") {
  Login login;
  CHECK(login.where() == 1);
  CHECK(login.where() == 2);
  CHECK(login.where() == 3);
  CHECK(login.where() == 1);
  login.down(2);
  CHECK(login.where() == 3);
}

TEST_CASE("a nexus that is moved away goes elsewhere while another member is ready") {
  for (int turn = 0; turn < 4; ++turn) CHECK(Login().moving_from(1).where() == 2);
  Login login;
  login.next = MemberId{1};
  CHECK(login.moving_from(2).where() == 3);
  CHECK(Login().moving_from(2).down(1).down(3).where() == 2);
}

TEST_CASE("a nexus that is moved goes to the member that keeps a place for it, whatever the policy") {
  for (int turn = 0; turn < 3; ++turn) CHECK(Login().moving_from(1).place_at(3).where() == 3);
  CHECK(Login().moving_from(2).place_at(1).where() == 1);
  Login none;
  none.rule = RedirectRule::none;
  CHECK(none.moving_from(1).place_at(3).where() == 3);
}

TEST_CASE("where the member that keeps the place has gone meanwhile, a moved nexus goes elsewhere, and not back") {
  for (int turn = 0; turn < 4; ++turn) CHECK(Login().moving_from(1).place_at(3).down(3).where() == 2);
  CHECK(Login().moving_from(1).place_at(3).down(2).down(3).where() == 1);
}

TEST_CASE("when nobody is ready a login is served here") {
  CHECK(Login().down(1).down(2).down(3).where() == 1);
  CHECK(Login().down(2).down(3).where() == 1);
}

TEST_CASE("policy none serves here") {
  Login login;
  login.rule = RedirectRule::none;
  for (int turn = 0; turn < 3; ++turn) CHECK(login.where() == 1);
}
