#include "tools/node/availability.h"

#include <catch2/catch.hpp>

#include "test/unit/tools/group_records.h"

using namespace shoal;
using namespace shoal::test;
using Catch::Contains;

namespace {

const MemberId kSelf{1};
const std::map<StoreId, routing::StoreState> kOwn = {{store(1), {}}};

VolumeHealth health(const std::map<MemberId, cluster::MemberRecord>& members, const PeerViews& peers,
                    routing::DurabilityPolicy durability = routing::DurabilityPolicy::sync) {
  return health_of(*map_of(12, routing::PlacementRule::striped, durability), places_of(members, kSelf, peers, kOwn));
}

}  // namespace

TEST_CASE("all pages are available while every store is served by a member in reach") {
  const auto all = health(three_members(), peers_up());
  CHECK(all.unavailable_pages == 0);
  CHECK(all.reason.empty());
  CHECK(state_of(all) == std::string("ok"));
}

TEST_CASE("pages of a member that is down wait for it, and the reason names it and says why") {
  auto peers = peers_up();
  peers[MemberId{3}] = {false, false, "connection refused"};
  const auto seen = health(three_members(), peers);
  CHECK(seen.unavailable_pages == 4);
  CHECK(seen.lost_pages == 0);
  CHECK(seen.reason == "4 pages wait: member 3 is down (connection refused)");
  CHECK(state_of(seen) == std::string("degraded"));
}

TEST_CASE("a member that we reach and that does not reach us serves its pages") {
  auto peers = peers_up();
  peers[MemberId{3}] = {true, false, "it has not reached this member yet"};
  CHECK(health(three_members(), peers).unavailable_pages == 0);
}

TEST_CASE("pages of a store that was wiped are lost, though its member is up with another store") {
  auto members = three_members();
  members[MemberId{3}].stores = {{store(33), routing::StoreKind::file}};
  members[MemberId{3}].lost_stores = {{store(3), "member 3 came back with another store"}};
  const auto seen = health(members, peers_up());
  CHECK(seen.unavailable_pages == 4);
  CHECK(seen.lost_pages == 4);
  CHECK_THAT(seen.reason,
             Contains("lost with store") && Contains(store(3).to_string()) && Contains("came back with another store"));
}

TEST_CASE("pages of a memory member that restarted are lost, and the reason says memory") {
  auto members = three_members();
  members[MemberId{2}].stores.clear();
  members[MemberId{2}].lost_stores = {{store(2), "it ended with its process"}};
  CHECK_THAT(health(members, peers_up(), routing::DurabilityPolicy::memory).reason, Contains("memory store"));
}

TEST_CASE("a store that no record names is lost, too") {
  auto members = three_members();
  members.erase(MemberId{3});
  const auto seen = health(members, peers_up());
  CHECK(seen.lost_pages == 4);
  CHECK_THAT(seen.reason, Contains("no member of the group has it"));
}

TEST_CASE("several reasons are all told, and without any store the volume is unavailable") {
  const std::map<StoreId, routing::StoreState> failed = {{store(1), {false, "input/output error"}}};
  const auto seen = health_of(*map_of(12), places_of(three_members(), kSelf, {}, failed));
  CHECK(seen.unavailable_pages == 12);
  CHECK(state_of(seen) == std::string("unavailable"));
  CHECK_THAT(seen.reason,
             Contains("input/output error") && Contains("member 2 is down") && Contains("member 3 is down"));
}

TEST_CASE("a volume with fewer pages than members does not suffer from a member that has none") {
  auto peers = peers_up();
  peers[MemberId{3}] = {};
  CHECK(health_of(*map_of(2), places_of(three_members(), kSelf, peers, kOwn)).unavailable_pages == 0);
}

TEST_CASE(
    "the directory keeps the stores of members that are down, and this member's own before any listing has them") {
  const auto directory = directory_of(three_members(), kSelf,
                                      {{store(1), routing::StoreKind::file}, {store(11), routing::StoreKind::memory}});
  CHECK(directory.serving.at(store(3)) == MemberId{3});
  CHECK(directory.serving.at(store(11)) == kSelf);
  CHECK(directory.lost.empty());
}

TEST_CASE("an own record that is older than this start does not serve stores that are gone") {
  auto members = three_members();
  const auto directory = directory_of(members, kSelf, {{store(11), routing::StoreKind::file}});
  CHECK_FALSE(directory.serving.contains(store(1)));
}
