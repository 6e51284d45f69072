#include "cluster/allocator.h"

#include <catch2/catch.hpp>

#include "test/unit/cluster/logins.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;
using Catch::Contains;
using load::PlacementPolicy;
using Counts = std::map<std::uint32_t, int>;

namespace {

constexpr PlacementPolicy kAll[] = {PlacementPolicy::least_loaded, PlacementPolicy::weighted, PlacementPolicy::affinity,
                                    PlacementPolicy::round_robin};

}  // namespace

TEST_CASE("where nothing is known of load, every policy spreads logins evenly, this member included") {
  for (const auto policy : kAll) {
    CAPTURE(to_string(policy));
    Logins logins({}, {policy, {}});
    CHECK(logins.where_all(30) == Counts{{1, 10}, {2, 10}, {3, 10}});
  }
}

TEST_CASE("round robin takes the ready members in turn, beginning with this one") {
  Logins logins({}, {PlacementPolicy::round_robin, {}});
  for (const std::uint32_t member : {1, 2, 3, 1, 2}) CHECK(logins.where("iqn.x:" + std::to_string(member)) == member);
  logins.down = {3};
  CHECK(logins.where("iqn.x:next") == 1);
}

TEST_CASE("logins go to the member that carries least, as its reports say") {
  Logins logins({}, {PlacementPolicy::least_loaded, {}});
  logins.carry({500, 400, 20});
  CHECK(logins.where() == 3);
  logins.carry({10, 400, 500});
  CHECK(logins.where("iqn.x:other") == 1);
}

TEST_CASE("with affinity a login goes where its host's pages are, as far as reports tell") {
  Logins logins({}, {PlacementPolicy::affinity, {}});
  logins.carry({0, 400, 500});
  logins.owners = {{MemberId{2}, 0.2}, {MemberId{3}, 0.8}};
  CHECK(logins.where() == 3);
  logins.owners = {};
  CHECK(logins.where("iqn.x:other") == 1);
}

TEST_CASE("a pin beats every policy while its member is ready") {
  for (const auto policy : kAll) {
    Logins logins({}, {policy, {{"iqn.x:db*", std::nullopt, MemberId{2}}}});
    for (int i = 0; i < 4; ++i) CHECK(logins.where("iqn.x:db" + std::to_string(i)) == 2);
    logins.down = {2};
    CHECK(logins.where("iqn.x:db9") != 2);
  }
}

TEST_CASE("a change of the rules counts from the next login on") {
  Logins logins({}, {PlacementPolicy::round_robin, {}});
  logins.allocator->set_rules({PlacementPolicy::round_robin, {{"*", logins.image, MemberId{3}}}});
  for (int i = 0; i < 3; ++i) CHECK(logins.where("iqn.x:" + std::to_string(i)) == 3);
  logins.allocator->set_rules({PlacementPolicy::least_loaded, {}});
  logins.carry({500, 0, 500});
  CHECK(logins.where("iqn.x:more") == 2);
}

TEST_CASE("sessions of one host to one volume are kept apart, whoever placed the others") {
  for (const auto policy : kAll) {
    CAPTURE(to_string(policy));
    Logins logins({}, {policy, {}});
    logins.carry({300, 0, 300});
    logins.serve(2, "iqn.x:host", 1);
    logins.serve(3, "iqn.x:host", 2);
    CHECK(logins.where("iqn.x:host", 3) == 1);
    CHECK(logins.where("iqn.x:host", 1) == 2);  // it is known there
    logins.down = {3};
    CHECK(logins.where("iqn.x:host", 2) != 3);
  }
}

TEST_CASE("a host's two sessions that ask one portal in one moment are kept apart") {
  Logins logins({}, {PlacementPolicy::least_loaded, {}});
  logins.carry({0, 300, 300});
  CHECK(logins.where("iqn.x:host", 1) == 1);
  CHECK(logins.where("iqn.x:host", 2) != 1);
}

TEST_CASE("a host's two sessions that ask two portals one after the other are kept apart before any record tells") {
  Logins logins({}, {PlacementPolicy::least_loaded, {}});
  logins.carry({0, 300, 300});
  logins.allocator->learn({logins.image, kPortalGroupTag, "iqn.x:host", 1}, MemberId{1});
  CHECK(logins.where("iqn.x:host", 2) != 1);
}

TEST_CASE("policy none serves where the host asks, whatever the group's rules") {
  Logins logins({.allocate = false}, {PlacementPolicy::round_robin, {{"*", std::nullopt, MemberId{2}}}});
  for (int i = 0; i < 3; ++i) CHECK(logins.where("iqn.x:" + std::to_string(i)) == 1);
  CHECK(logins.told.empty());
  logins.serve(2, "iqn.x:held", 1);
  CHECK(logins.where("iqn.x:held") == 2);  // by what is known, and not by a policy
}

TEST_CASE("when nobody is ready a login is served here") {
  Logins logins({}, {PlacementPolicy::least_loaded, {}});
  logins.down = {2, 3};
  CHECK(logins.where("iqn.x:a") == 1);
  logins.group.all[0].members->order_drain(true, [](bool) {});
  const LoginDecision decision = logins.log_in("iqn.x:b");
  CHECK(std::holds_alternative<ServeHere>(decision.what));
  CHECK(decision.reason == "no member is ready");
}

TEST_CASE("every allocation is told, with its alternatives") {
  Logins logins({}, {PlacementPolicy::least_loaded, {}});
  logins.carry({500, 400, 20});
  logins.log_in("iqn.x:host", 7);
  REQUIRE(logins.told.size() == 1);
  const auto& [login, placed] = logins.told[0];
  CHECK(login == load::LoginName{"iqn.x:host", 7, logins.image});
  CHECK(placed.member == MemberId{3});
  CHECK(placed.alternatives.size() == 3);
  logins.serve(3, "iqn.x:host", 7);
  logins.log_in("iqn.x:host", 7);
  CHECK(logins.told.size() == 1);  // nothing was allocated: it is known there
}

TEST_CASE("a session that leaves without a place goes where it costs least, and not here nor where it was refused") {
  Logins logins({}, {PlacementPolicy::least_loaded, {}});
  logins.carry({0, 20, 400});
  const NexusName nexus{logins.image, kPortalGroupTag, "iqn.x:host", 1};
  CHECK(logins.policy->pick(nexus, {MemberId{1}}) == MemberId{2});
  CHECK(logins.policy->pick(nexus, {MemberId{1}, MemberId{2}}) == MemberId{3});
  CHECK(logins.policy->pick(nexus, {MemberId{1}, MemberId{2}, MemberId{3}}) == MemberId{});
  logins.serve(2, "iqn.x:host", 2);
  CHECK(logins.policy->pick(nexus, {MemberId{1}}) == MemberId{3});  // its sibling is at member 2
  CHECK(logins.told.empty());                                       // no login was allocated
}
