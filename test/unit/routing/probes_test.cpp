#include <catch2/catch.hpp>

#include "routing/metered_store.h"
#include "routing/probed_volume.h"
#include "test/unit/routing/router_rig.h"
#include "test/unit/routing/store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

// In milliseconds since `begun`.
long since(Time begun, Time now) { return (now - begun) / 1ms; }

struct Told final : RequestProbe {
  explicit Told(Time now) : begun(now) {}
  void started(const Operation& operation) override {
    said.push_back(fmt::format("started {}", operation.range.count));
  }
  void placed(const PagePart& part, MemberId owner, bool first) override {
    said.push_back(fmt::format("page {} at {}{}", part.page.value, owner, first ? ", first" : ""));
  }
  void ended(Time now) override { said.push_back(fmt::format("ended at {}", since(begun, now))); }
  const Time begun;
  std::vector<std::string> said;
};

struct ProbeRig : RouterRig {
  Answer ask(OperationKind kind, std::uint64_t first, std::uint64_t count) {
    auto answer = std::make_shared<std::optional<IoResult>>();
    probed.submit(operation(kind, first, count), [answer](IoResult result) { *answer = std::move(result); });
    return answer;
  }
  std::shared_ptr<Told> told = std::make_shared<Told>(host.runtime().now());
  ProbedVolume probed{volume, told};
};

using Lines = std::vector<std::string>;

struct ToldOfStore final : StoreProbe {
  explicit ToldOfStore(Time now) : begun(now) {}
  void started(Time now) override { said.push_back(fmt::format("started at {}", since(begun, now))); }
  void ended(Time now, std::uint64_t bytes) override {
    said.push_back(fmt::format("ended at {}, {} bytes", since(begun, now), bytes));
  }
  const Time begun;
  Lines said;
};

}  // namespace

TEST_CASE("a session's read across a border is told as it starts, where its parts go, and as it ends") {
  ProbeRig rig;
  rig.ask(OperationKind::read, kPageBlocks - 1, 2);
  CHECK(rig.told->said == Lines{"started 2", "page 0 at 1, first", "page 1 at 2"});
  rig.world.run_for(40ms);
  rig.pages.sessions.answer_read();
  rig.link(kSecond).answer_read();
  CHECK(rig.told->said.back() == "ended at 40");
}

TEST_CASE("a part that is repeated is told once") {
  ProbeRig rig;
  rig.ask(OperationKind::read, kPageBlocks, 1);
  rig.links.break_link(kSecond);
  rig.links.connect(kSecond);
  rig.link(kSecond).answer_read();
  CHECK(rig.told->said == Lines{"started 1", "page 1 at 2, first", "ended at 0"});
}

TEST_CASE("a part that waits for its owner is told when it goes, an operation that fails as it ends") {
  ProbeRig rig;
  rig.links.break_link(kSecond);
  const auto answer = rig.ask(OperationKind::read, kPageBlocks, 1);
  CHECK(rig.told->said == Lines{"started 1"});
  rig.world.run_for(8s);
  REQUIRE(answer->has_value());
  CHECK(rig.told->said.size() == 2);
  CHECK(rig.told->said.back().starts_with("ended at 7"));
}

TEST_CASE("flushes and questions about extents are not told") {
  ProbeRig rig;
  rig.ask(OperationKind::flush, 0, 0);
  rig.ask(OperationKind::lba_status, 0, 8);
  CHECK(rig.told->said.empty());
}

TEST_CASE("the probe lives as long as what it is told of") {
  RouterRig rig;
  auto told = std::make_shared<Told>(rig.host.runtime().now());
  const std::weak_ptr<Told> watch = told;
  rig.volume->submit_probed(
      rig.operation(OperationKind::read, 0, 1), [](IoResult) {}, std::exchange(told, nullptr));
  CHECK_FALSE(watch.expired());
  rig.pages.sessions.answer_read();
  CHECK(watch.expired());
}

TEST_CASE("a store's work is told when it begins and when it ends, well or not") {
  sim::World world{1};
  Runtime& runtime = world.add_host("first", {"10.0.0.1"}).runtime();
  ToldOfStore told(runtime.now());
  auto own = std::make_unique<ManualStore>();
  ManualStore& store = *own;
  MeteredStore metered(runtime, std::move(own), told);
  StoreDone written, synced;
  Answer<Result<ReadAnswer, StoreError>> read;
  metered.apply(batch_of(data_record(page_of(7, 0), 0, filled(4096, 1))), Durability::applied, written.taker());
  metered.read(page_of(7, 1), 0, 8192, read.taker());
  metered.sync(synced.taker());
  CHECK(told.said == Lines{"started at 0", "started at 0", "started at 0"});
  world.run_for(5ms);
  store.take().ok();
  store.take().answer(filled(8192, 0));
  store.take().fail(StoreError::out_of_service);
  CHECK(written.ok());
  CHECK(read.has());
  CHECK(synced.error() == StoreError::out_of_service);
  CHECK(Lines(told.said.begin() + 3, told.said.end()) ==
        Lines{"ended at 5, 4096 bytes", "ended at 5, 8192 bytes", "ended at 5, 0 bytes"});
}
