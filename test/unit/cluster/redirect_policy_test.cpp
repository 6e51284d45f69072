#include "cluster/redirect_policy.h"

#include <catch2/catch.hpp>

#include "test/unit/cluster/logins.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;

namespace {

Endpoint portal(std::uint32_t member) { return {"127.0.1." + std::to_string(member), 3261}; }

struct Login {
  PlaceQuestion question;
  std::vector<Candidate> candidates{
      {MemberId{1}, portal(1), true}, {MemberId{2}, portal(2), true}, {MemberId{3}, portal(3), true}};

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
  // The member that serves it, as member 1 decides; 0: unavailable. nullopt: it is to be allocated.
  std::optional<std::uint32_t> where() {
    const auto decision = settled(question, MemberId{1}, candidates);
    if (!decision) return std::nullopt;
    if (std::holds_alternative<ServeHere>(decision->what)) return 1;
    if (std::holds_alternative<Unavailable>(decision->what)) return 0;
    const Endpoint address = std::get<RedirectTo>(decision->what).address;
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
  CHECK_FALSE(Login().held_by(3).down(3).where());
}

TEST_CASE("a nexus that is moved goes to the member that keeps a place for it") {
  CHECK(Login().moving_from(1).place_at(3).where() == 3);
  CHECK(Login().moving_from(2).place_at(1).where() == 1);
  CHECK_FALSE(Login().moving_from(1).place_at(3).down(3).where());
}

TEST_CASE("where a nexus goes that nobody knows, or that is only to leave a member, is to be allocated") {
  CHECK_FALSE(Login().where());
  CHECK_FALSE(Login().moving_from(2).where());
}

TEST_CASE("a nexus that is moved away goes elsewhere while another member is ready, also when its place has gone") {
  Logins logins;
  logins.serve(2, "iqn.x:host", 1);
  auto& holder = *logins.group.logins.back();
  std::optional<bool> told;
  logins.group.all[1].sessions->release_for_move(holder.claim->id, holder.claim->generation, MemberId{3}, {},
                                                 [&](bool moved) { told = moved; });
  logins.group.runtime.run_for(2s);
  REQUIRE(told == true);
  CHECK(logins.where() == 3);
  logins.down = {3};
  for (int turn = 0; turn < 2; ++turn) CHECK(logins.where() == 1);
  logins.group.all[0].members->order_drain(true, [](bool) {});
  CHECK(logins.where() == 2);  // nobody else is ready
}
