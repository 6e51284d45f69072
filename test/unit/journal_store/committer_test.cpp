// Frames of the journal that are under way at once.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "routing/journal_store/committer.h"
#include "test/unit/journal_store/journal_store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::test;

namespace {

const PageId kPage = page_of(7, 0);

// Writes on their way to the disk: frames, as nothing else is written while no checkpoint runs.
struct Writes {
  explicit Writes(JournalStoreRig& rig) {
    rig.disk().observe([this](const sim::DiskEvent& event) {
      if (event.call != sim::DiskCall::write) return;
      now += event.phase == sim::DiskEvent::Phase::asked ? 1 : -1;
      most = std::max(most, now);
    });
  }
  int now = 0, most = 0;
};

struct Rig : JournalStoreRig {
  explicit Rig(std::uint64_t seed = 1) : JournalStoreRig(seed), writes(*this) {
    open_with_image();
    writes.most = 0;  // two superblocks, at opening
  }

  // Begins that and lets it get as far as the disk.
  StoreDone begin(std::uint32_t block, int value, Durability durability = Durability::durable) {
    const int before = writes.now;
    const StoreDone done = start(data_record(kPage, block * kBlock, filled(kBlock, value)), durability);
    world.run_until([&] { return writes.now > before || done.has(); }, 10us);
    return done;
  }
  Writes writes;
};

}  // namespace

TEST_CASE("a durable write does not wait for the frame before it, but a third one waits for one of the two") {
  Rig rig;
  rig.disk().set_latency(1ms, 1ms);
  std::vector<StoreDone> done;
  for (std::uint32_t block = 0; block < 6; ++block) {
    done.push_back(rig.begin(block, 'a' + static_cast<int>(block)));
    CHECK(rig.writes.now == std::min<int>(static_cast<int>(block) + 1, kFramesAtOnce));
  }
  for (StoreDone& each : done) CHECK_FALSE(rig.wait(each).has_value());
  CHECK(rig.writes.most == kFramesAtOnce);
  rig.crash();
  rig.open();
  for (std::uint32_t block = 0; block < 6; ++block) {
    CHECK(rig.read(kPage, block * kBlock, kBlock) == std::string(kBlock, static_cast<char>('a' + block)));
  }
}

TEST_CASE("a frame that is durable before the one in front of it is answered after it") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rig rig(seed);
    rig.disk().set_latency(10us, 1ms);
    const StoreDone first = rig.begin(0, 'a'), second = rig.begin(1, 'b');
    rig.run_until([&] { return second.has(); });
    CHECK(first.has());
  }
}

TEST_CASE("when a frame fails, the one behind it has failed, though it was written") {
  Rig rig;
  rig.disk().set_latency(1ms, 1ms);
  rig.disk().fail_next(sim::DiskCall::write, FileError::io);
  StoreDone first = rig.begin(0, 'a'), second = rig.begin(1, 'b');
  CHECK(rig.wait(first) == StoreError::out_of_service);
  CHECK(rig.wait(second) == StoreError::out_of_service);
}

TEST_CASE("what the journal says of the catalog is alone under way") {
  Rig rig;
  rig.disk().set_latency(1ms, 1ms);
  StoreDone promise;
  rig.store->promise(page_of(7, 3), Epoch{5}, promise.taker());
  rig.run_until([&] { return rig.writes.now == 1; });
  StoreDone write = rig.begin(0, 'a');
  CHECK(rig.writes.now == 1);
  CHECK_FALSE(rig.wait(promise).has_value());
  CHECK_FALSE(rig.wait(write).has_value());
  StoreDone next = rig.begin(1, 'b'), described;
  rig.store->describe_image(ImageId{8}, {kRigPageBytes, "another"}, described.taker());
  CHECK_FALSE(rig.wait(next).has_value());
  CHECK_FALSE(rig.wait(described).has_value());
  CHECK(rig.writes.most == 1);
}

TEST_CASE("a frame that is written without a sync is alone under way") {
  Rig rig;
  rig.disk().set_latency(1ms, 1ms);
  StoreDone unsynced = rig.begin(0, 'a', Durability::applied), durable = rig.begin(1, 'b');
  CHECK(rig.writes.now == 1);
  CHECK_FALSE(rig.wait(unsynced).has_value());
  CHECK_FALSE(rig.wait(durable).has_value());
  CHECK(rig.writes.most == 1);
}
