// The simulated metadata: linearizable where it must be, and as untrustworthy as MetaStore allows elsewhere.
#include <catch2/catch.hpp>

#include "test/sim/meta/sim_meta_store.h"

namespace shoal::sim {
namespace {

using cluster::CasOutcome;
using cluster::CasResult;
using cluster::Listing;

struct Group {
  explicit Group(std::uint64_t seed = 1)
      : world(seed),
        a(world.add_host("a", {"10.0.0.1"})),
        b(world.add_host("b", {"10.0.0.2"})),
        machine(world.add_host("etcd", {"10.0.0.9"})),
        etcd(world, machine),
        at_a(std::make_unique<SimMetaStore>(a, etcd)),
        at_b(std::make_unique<SimMetaStore>(b, etcd)) {}

  CasResult cas(SimMetaStore& store, std::string key, std::uint64_t revision, std::optional<std::string> value) {
    std::optional<CasResult> result;
    store.cas({{key, revision}}, {{key, value}}, [&](CasResult given) { result = given; });
    world.run_until([&] { return result.has_value(); }, 10s);
    REQUIRE(result);
    return *result;
  }
  Listing list(SimMetaStore& store, std::string prefix, std::string after = {}, std::size_t limit = 100) {
    std::optional<Listing> result;
    store.list(prefix, after, limit, [&](Listing given) { result = std::move(given); });
    world.run_until([&] { return result.has_value(); }, 10s);
    REQUIRE(result);
    return *result;
  }
  World world;
  Host& a;
  Host& b;
  Host& machine;
  SimEtcd etcd;
  std::unique_ptr<SimMetaStore> at_a, at_b;
};

TEST_CASE("of two that create one key, one is done and the other in conflict") {
  Group group;
  int done = 0, conflict = 0;
  const auto count = [&](CasResult result) { ++(result.outcome == CasOutcome::done ? done : conflict); };
  group.at_a->cas({{"/k", 0}}, {{"/k", "a"}}, count);
  group.at_b->cas({{"/k", 0}}, {{"/k", "b"}}, count);
  group.world.run_for(1s);
  CHECK(done == 1);
  CHECK(conflict == 1);
}

TEST_CASE("a swap succeeds at the revision that a list has shown, and only there") {
  Group group;
  CHECK(group.cas(*group.at_a, "/k", 0, "one").outcome == CasOutcome::done);
  const auto entry = group.list(*group.at_b, "/").entries.at(0);
  CHECK(entry.value == "one");
  CHECK(group.cas(*group.at_b, "/k", entry.revision, "two").outcome == CasOutcome::done);
  CHECK(group.cas(*group.at_a, "/k", entry.revision, "three").outcome == CasOutcome::conflict);
  CHECK(group.etcd.contents().at(0).value == "two");
}

TEST_CASE("a deleted key does not exist") {
  Group group;
  const auto made = group.cas(*group.at_a, "/k", 0, "one");
  CHECK(group.cas(*group.at_a, "/k", made.revision, std::nullopt).outcome == CasOutcome::done);
  CHECK(group.list(*group.at_a, "/").entries.empty());
  CHECK(group.cas(*group.at_a, "/k", 0, "again").outcome == CasOutcome::done);
}

TEST_CASE("a long list comes in pieces") {
  Group group;
  for (const char* key : {"/x/1", "/x/2", "/x/3", "/y"}) group.cas(*group.at_a, key, 0, "v");
  const auto first = group.list(*group.at_a, "/x/", {}, 2);
  CHECK(first.entries.size() == 2);
  CHECK(first.more);
  const auto rest = group.list(*group.at_a, "/x/", first.entries.back().key, 2);
  REQUIRE(rest.entries.size() == 1);
  CHECK(rest.entries[0].key == "/x/3");
  CHECK_FALSE(rest.more);
}

TEST_CASE("a lost answer is an unknown outcome of a change that was made") {
  Group group;
  group.etcd.conditions().lost_answers = 1;
  CHECK(group.cas(*group.at_a, "/k", 0, "v").outcome == CasOutcome::unknown);
  CHECK_FALSE(group.at_a->reachable());
  CHECK(group.etcd.contents().size() == 1);
  group.etcd.conditions().lost_answers = 0;
  CHECK(group.cas(*group.at_a, "/k", 0, "v").outcome == CasOutcome::conflict);
}

TEST_CASE("a request may be applied after its asker gave up") {
  Group group;
  group.etcd.conditions().late_requests = 1;
  group.etcd.conditions().timeout = 1ms;
  CHECK(group.cas(*group.at_a, "/k", 0, "v").outcome == CasOutcome::unknown);
  CHECK(group.etcd.contents().empty());
  group.world.run_for(4s);
  CHECK(group.etcd.contents().size() == 1);
}

TEST_CASE("during an outage nothing is applied and lists are not ok") {
  Group group;
  group.etcd.set_available(false);
  CHECK(group.cas(*group.at_a, "/k", 0, "v").outcome == CasOutcome::unknown);
  CHECK_FALSE(group.list(*group.at_a, "/").ok);
  group.etcd.set_available(true);
  CHECK(group.list(*group.at_a, "/").ok);
  CHECK(group.at_a->reachable());
  CHECK(group.etcd.contents().empty());
}

TEST_CASE("a member that is cut off from etcd alone finds it out of reach") {
  Group group;
  group.world.network().partition(group.a, group.machine);
  CHECK_FALSE(group.list(*group.at_a, "/").ok);
  CHECK(group.list(*group.at_b, "/").ok);
}

TEST_CASE("a stale list shows an older state, never a mixed one") {
  Group group;
  group.etcd.conditions().stale_lists = 1;
  std::uint64_t revision = 0;
  for (int i = 1; i <= 10; ++i) revision = group.cas(*group.at_a, "/k", revision, std::to_string(i)).revision;
  bool older = false;
  for (int i = 0; i < 20; ++i) {
    const auto listing = group.list(*group.at_a, "/k");
    const std::string value = listing.entries.empty() ? "0" : listing.entries[0].value;
    CHECK(value == std::to_string(listing.revision));
    older = older || value != "10";
  }
  CHECK(older);
}

TEST_CASE("a watch tells of changes with its prefix, until it is dropped") {
  Group group;
  std::vector<std::string> seen;
  auto watch = group.at_b->watch("/x", [&](auto change) { seen.push_back(change ? change->key : "gap"); });
  group.cas(*group.at_a, "/x1", 0, "v");
  group.cas(*group.at_a, "/y", 0, "v");
  group.cas(*group.at_a, "/x2", 0, "v");
  group.world.run_for(1s);
  CHECK(seen == std::vector<std::string>{"/x1", "/x2"});
  watch.reset();
  group.cas(*group.at_a, "/x3", 0, "v");
  group.world.run_for(1s);
  CHECK(seen.size() == 2);
}

TEST_CASE("who lost events of a watch is told that there was a gap") {
  Group group;
  std::vector<std::string> seen;
  auto watch = group.at_b->watch("/", [&](auto change) { seen.push_back(change ? change->key : "gap"); });
  group.etcd.conditions().lost_events = 1;
  group.cas(*group.at_a, "/x", 0, "v");
  group.world.run_for(2s);
  CHECK(seen == std::vector<std::string>{"gap"});
}

TEST_CASE("who was cut off while something changed is told of a gap after it is back") {
  Group group;
  std::vector<std::string> seen;
  auto watch = group.at_b->watch("/", [&](auto change) { seen.push_back(change ? change->key : "gap"); });
  group.world.network().partition(group.b, group.machine);
  group.cas(*group.at_a, "/x", 0, "v");
  group.world.run_for(5s);
  CHECK(seen.empty());
  group.world.network().heal(group.b, group.machine);
  group.world.run_for(3s);
  CHECK(seen == std::vector<std::string>{"gap"});
}

TEST_CASE("an event may come twice") {
  Group group;
  int seen = 0;
  auto watch = group.at_b->watch("/", [&](auto) { ++seen; });
  group.etcd.conditions().repeated_events = 1;
  group.cas(*group.at_a, "/x", 0, "v");
  group.world.run_for(2s);
  CHECK(seen == 2);
}

TEST_CASE("an announced key stays while its process lives, and goes some time after it") {
  Group group;
  auto announced = group.at_a->announce("/c/live/1", "v", 10s);
  group.world.run_for(60s);
  CHECK(group.etcd.contents().size() == 1);
  group.a.kill();
  group.world.run_for(9s);
  CHECK(group.etcd.contents().size() == 1);
  group.world.run_for(10s);
  CHECK(group.etcd.contents().empty());
}

TEST_CASE("the key of a member that was cut off for long is put back when it returns") {
  Group group;
  auto announced = group.at_a->announce("/c/live/1", "v", 3s);
  group.world.network().partition(group.a, group.machine);
  group.world.run_for(10s);
  CHECK(group.etcd.contents().empty());
  group.world.network().heal(group.a, group.machine);
  group.world.run_for(2s);
  CHECK(group.etcd.contents().size() == 1);
}

TEST_CASE("a store that is destroyed answers nothing any more") {
  Group group;
  bool called = false;
  group.at_a->cas({}, {{"/k", "v"}}, [&](CasResult) { called = true; });
  group.at_a.reset();
  group.world.run_for(5s);
  CHECK_FALSE(called);
}

}  // namespace
}  // namespace shoal::sim
