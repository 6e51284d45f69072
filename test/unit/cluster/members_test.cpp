#include "cluster/members.h"

#include <catch2/catch.hpp>

#include "test/unit/cluster/fake_meta.h"
#include "test/unit/cluster/virtual_runtime.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;
using Catch::Contains;

namespace {

StoreId store(std::uint8_t n) {
  StoreId id;
  id.bytes[15] = n;
  return id;
}

MemberRecord member(std::uint32_t id, std::vector<MemberStore> stores = {}) {
  MemberRecord record;
  record.id = MemberId{id};
  record.group_portals = {{"127.0.1.1", 3260}, {"::1", 3260}};
  record.member_portal = {"127.0.1.1", 3261};
  record.stores = std::move(stores);
  return record;
}

struct Process {
  Process(VirtualRuntime& runtime, FakeMeta& meta, MemberRecord self)
      : door(runtime, meta), members(runtime, door, std::move(self), Log()) {
    members.on_change([this] { ++changes; });
    members.on_replaced([this] { ++replaced; });
    members.on_refused([this](std::string why) { refused = std::move(why); });
    members.join([this] { joined = true; });
  }
  MetaDoor door;
  Members members;
  bool joined = false;
  int changes = 0, replaced = 0;
  std::string refused;
};

}  // namespace

TEST_CASE("a member record survives its JSON, and rubbish is none") {
  MemberRecord record = member(3, {{store(1), routing::StoreKind::file}, {store(2), routing::StoreKind::memory}});
  record.incarnation = 7;
  record.instance = ~0ull;
  record.lost_stores[store(9)] = "why";
  record.checkpoints = {{store(1), 17}, {store(9), ~0ull}};
  record.draining = true;
  record.drain_ordered = true;
  CHECK(decode_member(encode(record)) == record);
  for (const char* text : {"", "{", "[]", "{}", "null", R"({"format":2})", R"({"format":1,"id":1})"}) {
    CHECK_FALSE(decode_member(text));
  }
  std::string wrong = encode(record);
  wrong.replace(wrong.find("127.0.1.1"), 9, "localhost");
  CHECK_FALSE(decode_member(wrong));
}

TEST_CASE("a start counts up, and says why stores of an earlier one are lost") {
  MemberRecord before = member(3, {{store(1), routing::StoreKind::file}, {store(2), routing::StoreKind::memory}});
  before.incarnation = 4;
  before.lost_stores[store(8)] = "long ago";
  before.lost_stores[store(3)] = "it was away";
  const MemberRecord now = next_incarnation(
      before, member(3, {{store(3), routing::StoreKind::file}, {store(4), routing::StoreKind::memory}}));
  CHECK(now.incarnation == 5);
  REQUIRE(now.lost_stores.size() == 3);
  CHECK_THAT(now.lost_stores.at(store(1)), Contains("member 3 came back with another store"));
  CHECK_THAT(now.lost_stores.at(store(2)), Contains("member 3 restarted"));
  CHECK(now.lost_stores.at(store(8)) == "long ago");
}

TEST_CASE("a record of a version that did not know checkpoints is read, and knows none") {
  std::string text = encode(member(3, {{store(1), routing::StoreKind::file}}));
  const std::string key = R"("checkpoints":{},)";
  REQUIRE(text.find(key) != std::string::npos);
  text.erase(text.find(key), key.size());
  const auto record = decode_member(text);
  REQUIRE(record);
  CHECK_FALSE(missing_checkpoint(*record, store(1), 0));
}

TEST_CASE("a store that has not come to the checkpoint at which it was last opened is an older copy") {
  MemberRecord last = member(3, {{store(1), routing::StoreKind::file}});
  last.checkpoints[store(1)] = 7;
  CHECK(missing_checkpoint(last, store(1), 6) == 7);
  CHECK_FALSE(missing_checkpoint(last, store(1), 7));
  CHECK_FALSE(missing_checkpoint(last, store(1), 8));
  CHECK_FALSE(missing_checkpoint(last, store(2), 1));
}

TEST_CASE("what is known of a store's checkpoint stays known while it is away, and is renewed when it is back") {
  const auto with = [](std::uint8_t n, std::uint64_t checkpoint) {
    MemberRecord self = member(3, {{store(n), routing::StoreKind::file}});
    self.checkpoints[store(n)] = checkpoint;
    return self;
  };
  const MemberRecord away = next_incarnation(with(1, 7), with(2, 3));
  CHECK(away.checkpoints == std::map<StoreId, std::uint64_t>{{store(1), 7}, {store(2), 3}});
  const MemberRecord back = next_incarnation(away, with(1, 5));
  CHECK(back.checkpoints == std::map<StoreId, std::uint64_t>{{store(1), 5}, {store(2), 3}});
}

TEST_CASE("of stores that are forgotten no checkpoint is kept") {
  MemberRecord before = member(3, {{store(1), routing::StoreKind::file}});
  before.checkpoints[store(9)] = 4;
  CHECK(next_incarnation(before, member(3)).checkpoints.empty());
}

TEST_CASE("lost stores are bounded, and the newest are kept") {
  MemberRecord before = member(3, {{store(255), routing::StoreKind::file}});
  for (std::uint32_t i = 0; i < kMaxLostStores + 10; ++i) {
    StoreId id;
    id.bytes[0] = static_cast<std::uint8_t>(i >> 8);
    id.bytes[1] = static_cast<std::uint8_t>(i);
    before.lost_stores[id] = "old";
  }
  const MemberRecord now = next_incarnation(before, member(3));
  CHECK(now.lost_stores.size() == kMaxLostStores);
  CHECK(now.lost_stores.contains(store(255)));
}

TEST_CASE("members find each other, and one that is down stays on record") {
  VirtualRuntime runtime;
  FakeMeta meta;
  Process first(runtime, meta, member(1));
  runtime.run_for(1s);
  REQUIRE(first.joined);
  CHECK(first.members.all()->size() == 1);
  {
    Process second(runtime, meta, member(2));
    runtime.run_for(1s);
    CHECK(second.members.all()->size() == 2);
    CHECK(first.members.all()->size() == 2);
    CHECK(first.changes == 2);
    CHECK(first.members.live_hint(MemberId{2}));
    CHECK_FALSE(first.members.live_hint(MemberId{3}));
  }
  runtime.run_for(1min);
  CHECK(first.members.all()->size() == 2);
}

TEST_CASE("no loss of any single call keeps a member from joining, or lets it count twice") {
  for (const Fault fault : {Fault::request_lost, Fault::answer_lost, Fault::late, Fault::stale}) {
    for (int lost = 1; lost <= 6; ++lost) {
      CAPTURE(static_cast<int>(fault), lost);
      VirtualRuntime runtime;
      FakeMeta meta;
      Process process(runtime, meta, member(1));
      process.door.fault = [=](int call) { return call == lost ? fault : Fault::none; };
      runtime.run_for(10s);
      CHECK(process.joined);
      CHECK(process.members.self().incarnation == 1);
      CHECK(process.replaced == 0);
      CHECK(decode_member(*meta.value("/c/srv/1")) == process.members.self());
    }
  }
}

TEST_CASE("of two processes with one id the later wins and the earlier finds out, once") {
  VirtualRuntime runtime;
  FakeMeta meta;
  Process first(runtime, meta, member(1));
  runtime.run_for(1s);
  Process second(runtime, meta, member(1));
  runtime.run_for(10s);
  CHECK(first.replaced == 1);
  CHECK(second.replaced == 0);
  CHECK(second.members.self().incarnation == 2);
}

TEST_CASE("a process elsewhere does not take the place of a member that is alive, and says where that one is") {
  VirtualRuntime runtime;
  FakeMeta meta;
  Process first(runtime, meta, member(1, {{store(1), routing::StoreKind::file}}));
  runtime.run_for(1s);
  const auto refused = [&](MemberRecord self) {
    Process second(runtime, meta, std::move(self));
    runtime.run_for(5s);
    CHECK(second.refused.empty());
    runtime.run_for(10s);
    CHECK_FALSE(second.joined);
    CHECK(first.replaced == 0);
    CHECK(decode_member(*meta.value("/c/srv/1"))->incarnation == 1);
    return second.refused;
  };
  MemberRecord moved = member(1, {{store(1), routing::StoreKind::file}});
  moved.member_portal = {"127.0.1.2", 3261};
  CHECK_THAT(refused(moved), Contains("member 1 is alive already at 127.0.1.1:3261") && Contains("key \"member\""));
  CHECK_THAT(refused(member(1, {{store(2), routing::StoreKind::file}})), Contains("another store"));
}

TEST_CASE("after a crash a member takes its place at once, though it is still announced") {
  VirtualRuntime runtime;
  FakeMeta meta;
  { Process first(runtime, meta, member(1, {{store(1), routing::StoreKind::file}, {store(2), {}}})); }
  const auto starts = [&](std::uint8_t memory) {
    Process next(runtime, meta,
                 member(1, {{store(1), routing::StoreKind::file}, {store(memory), routing::StoreKind::memory}}));
    runtime.run_for(1s);
    return next.joined && next.refused.empty();
  };
  CHECK(starts(3));
  CHECK(meta.value("/c/live/1"));
  CHECK(starts(4));
}

TEST_CASE(
    "a member that is not announced any more may start elsewhere, and so it may over another incarnation's hint") {
  VirtualRuntime runtime;
  FakeMeta meta;
  for (const auto& hint : {std::optional<std::string>(), std::optional<std::string>("77")}) {
    {
      Process first(runtime, meta, member(1));
      runtime.run_for(1s);
    }
    meta.cas({}, {{"/c/live/1", hint}});
    MemberRecord moved = member(1);
    moved.peer = {"127.0.1.9", 3262};
    Process second(runtime, meta, std::move(moved));
    runtime.run_for(1s);
    CHECK(second.joined);
    meta.cas({}, {{"/c/live/1", std::nullopt}});
  }
}

TEST_CASE("a start elsewhere waits for the end of a member that is announced but gone") {
  VirtualRuntime runtime;
  FakeMeta meta;
  {
    Process first(runtime, meta, member(1, {{store(1), routing::StoreKind::file}}));
    runtime.run_for(1s);
  }
  Process second(runtime, meta, member(1, {{store(2), routing::StoreKind::file}}));
  runtime.run_for(9s);
  CHECK_FALSE(second.joined);
  meta.cas({}, {{"/c/live/1", std::nullopt}});
  runtime.run_for(2s);
  CHECK(second.joined);
  CHECK(second.refused.empty());
}

TEST_CASE("nobody is refused for what was true in the past") {
  VirtualRuntime runtime;
  FakeMeta meta;
  {
    Process first(runtime, meta, member(1));
    runtime.run_for(1s);
  }
  meta.cas({}, {{"/c/live/1", std::nullopt}});
  meta.put("/c/other", "1");
  MemberRecord moved = member(1);
  moved.peer = {"127.0.1.9", 3262};
  Process second(runtime, meta, std::move(moved));
  second.door.fault = [](int call) { return call == 2 ? Fault::stale : Fault::none; };
  runtime.run_for(10s);
  CHECK(second.joined);
  CHECK(second.refused.empty());
}

TEST_CASE("a member waits for metadata as long as it takes") {
  VirtualRuntime runtime;
  FakeMeta meta;
  Process process(runtime, meta, member(1));
  process.door.away = true;
  runtime.run_for(10min);
  CHECK_FALSE(process.joined);
  process.door.away = false;
  runtime.run_for(10s);
  CHECK(process.joined);
}

TEST_CASE("a member that stops tells the others, whatever becomes of a call, and its next start takes it back") {
  for (const Fault fault : {Fault::none, Fault::request_lost, Fault::answer_lost, Fault::late, Fault::stale}) {
    VirtualRuntime runtime;
    FakeMeta meta;
    Process other(runtime, meta, member(1));
    Process stops(runtime, meta, member(3));
    runtime.run_for(1s);
    stops.door.fault = [fault, n = 0](int) mutable { return n++ < 2 ? fault : Fault::none; };
    bool told = false;
    stops.members.set_draining([&] { told = true; });
    runtime.run_for(10s);
    CAPTURE(static_cast<int>(fault));
    CHECK(told);
    CHECK(stops.members.self().draining);
    CHECK(other.members.all()->at(MemberId{3}).draining);
    Process again(runtime, meta, member(3));
    runtime.run_for(1s);
    CHECK_FALSE(other.members.all()->at(MemberId{3}).draining);
  }
}

TEST_CASE("a member whose id another process has taken does not write over its record") {
  VirtualRuntime runtime;
  FakeMeta meta;
  Process first(runtime, meta, member(3));
  runtime.run_for(1s);
  Process second(runtime, meta, member(3));
  runtime.run_for(1s);
  bool told = false;
  first.members.set_draining([&] { told = true; });
  runtime.run_for(1s);
  CHECK(told);
  CHECK_FALSE(second.members.all()->at(MemberId{3}).draining);
  CHECK_FALSE(decode_member(*meta.value("/c/srv/3"))->draining);
}

TEST_CASE("an operator's drain survives a restart, until it is taken back") {
  VirtualRuntime runtime;
  FakeMeta meta;
  Process other(runtime, meta, member(1));
  Process drained(runtime, meta, member(3));
  runtime.run_for(1s);
  bool told = false;
  drained.members.order_drain(true, [&](bool done) { told = done; });
  CHECK(drained.members.all()->at(MemberId{3}).drain_ordered);  // at once, where it matters first
  runtime.run_for(1s);
  CHECK(told);
  CHECK_FALSE(other.members.all()->at(MemberId{3}).takes_hosts());

  Process again(runtime, meta, member(3));
  runtime.run_for(1s);
  CHECK(again.members.self().drain_ordered);
  CHECK_FALSE(again.members.self().draining);
  CHECK_FALSE(other.members.all()->at(MemberId{3}).takes_hosts());
  again.members.order_drain(false, [](bool) {});
  runtime.run_for(1s);
  CHECK(other.members.all()->at(MemberId{3}).takes_hosts());
}

TEST_CASE("a drain is not ordered in the name of a member whose id another process has taken") {
  VirtualRuntime runtime;
  FakeMeta meta;
  Process first(runtime, meta, member(3));
  runtime.run_for(1s);
  Process second(runtime, meta, member(3));
  runtime.run_for(1s);
  std::optional<bool> told;
  first.members.order_drain(true, [&](bool done) { told = done; });
  runtime.run_for(1s);
  CHECK(told == false);
  CHECK_FALSE(decode_member(*meta.value("/c/srv/3"))->drain_ordered);
}
