// What shoal-fsck --repair makes of damaged stores, and what they read then.
#include "routing/journal_store/check/store_repair.h"

#include <catch2/catch.hpp>

#include "test/unit/journal_store/damaged_store.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::test;

namespace {

const PageId kFar = page_of(7, 12);  // in another leaf than kPage and kOther
const std::string kLost = to_string(StoreError::medium_error);

std::string blocks(std::size_t count, char value) { return std::string(count * kBlock, value); }

// Behind the root, where each of two leaves has pages.
struct TwoLeaves : DamagedStore {
  TwoLeaves() {
    REQUIRE_FALSE(write(kFar, 0, kRigPageBytes, 'f').has_value());
    close();
  }
  std::uint64_t first_leaf() { return byte_of(child(as_bytes(bytes()).subspan(root_of_image(), kBlock), 0).at); }
};

}  // namespace

TEST_CASE("a sound store is not written by a repair") {
  DamagedStore rig;
  rig.kill();
  const std::string before = rig.bytes();
  const RepairReport report = rig.repair();
  CHECK_FALSE(report.written);
  CHECK(report.obstacle == "");
  CHECK(rig.bytes() == before);
}

TEST_CASE("a damaged superblock is written again") {
  for (const BlockNumber place : all_superblock_places()) {
    DamagedStore rig;
    rig.close();
    rig.flip(byte_of(place) + 20);
    rig.repair_to_clean();
    rig.open();
    CHECK(rig.read(kPage, 0, kBlock) == blocks(1, 'a'));
  }
}

TEST_CASE("a space map that cannot be read is made again from the trees") {
  DamagedStore rig;
  rig.close();
  rig.flip(byte_of(rig.superblock().space.at) + 1000);
  CHECK_THAT(rig.try_open(), Catch::Contains("space map"));
  rig.repair_to_clean();
  rig.open();
  CHECK(rig.read(kPage, 0, kRigPageBytes) == std::string(kRigPageBytes, 'a'));
  CHECK(rig.read(kOther, 0, 4 * kBlock) == blocks(4, 'b'));
}

TEST_CASE("uses that are counted wrongly are corrected, and what leaked is free again") {
  DamagedStore rig;
  rig.close();
  const std::size_t data = rig.bytes().rfind(blocks(4, 'b')) / kChunkBytes;
  const ChunkNumber used{static_cast<std::uint32_t>(data)};
  const ChunkNumber unused{rig.superblock().device_chunks - 1};
  REQUIRE(rig.uses(used) == 1);
  REQUIRE(rig.uses(unused) == 0);
  rig.set_uses(used, 0);
  rig.set_uses(unused, 3);
  rig.repair_to_clean();
  CHECK(rig.uses(used) == 1);
  CHECK(rig.uses(unused) == 0);
  rig.open();
  CHECK(rig.read(kOther, 0, 4 * kBlock) == blocks(4, 'b'));
}

TEST_CASE("behind a lost leaf all is a medium error and the rest reads as before, until it is written again") {
  TwoLeaves rig;
  rig.flip(rig.first_leaf() + 200);
  rig.repair_to_clean();
  CHECK(rig.check().given_up == std::vector{ImageRange{ImageId{7}, 0, kChunksPerLeaf * kChunkBytes, kRigPageBytes}});
  rig.open();
  CHECK(rig.read(kPage, 0, kBlock) == kLost);
  CHECK(rig.read(kOther, 2 * kChunkBytes, kBlock) == kLost);  // was never written; nobody knows
  CHECK(rig.read(kFar, 0, kRigPageBytes) == std::string(kRigPageBytes, 'f'));

  REQUIRE_FALSE(rig.write(kPage, 0, kChunkBytes, 'n').has_value());
  REQUIRE_FALSE(rig.write(kPage, kChunkBytes + kBlock, kBlock, 'm').has_value());
  REQUIRE_FALSE(rig.clear(kPage, 2 * kChunkBytes, kChunkBytes).has_value());
  const auto reads_so = [&] {
    CHECK(rig.read(kPage, 0, kChunkBytes) == std::string(kChunkBytes, 'n'));
    CHECK(rig.read(kPage, kChunkBytes, kBlock) == kLost);
    CHECK(rig.read(kPage, kChunkBytes + kBlock, kBlock) == blocks(1, 'm'));
    CHECK(rig.read(kPage, 2 * kChunkBytes, kChunkBytes) == std::string(kChunkBytes, '\0'));
    CHECK(rig.read(kPage, 3 * kChunkBytes, kBlock) == kLost);
  };
  reads_so();
  rig.kill();
  rig.open();
  reads_so();
  rig.close();
  rig.open();
  reads_so();
}

TEST_CASE("a block that is lost cannot be written in part") {
  TwoLeaves rig;
  rig.flip(rig.first_leaf() + 200);
  rig.repair_to_clean();
  rig.open();
  CHECK(rig.write(kPage, 512, 512, 'x') == StoreError::medium_error);
  CHECK(rig.read(kPage, 0, kBlock) == kLost);
}

TEST_CASE("what is lost is told to be mapped, and its pages have nothing") {
  TwoLeaves rig;
  rig.flip(rig.first_leaf() + 200);
  rig.repair_to_clean();
  rig.open();
  CHECK(rig.allocation(kOther, 0, kRigPageBytes) == std::vector{AllocationRange{0, kRigPageBytes, true}});
  CHECK(rig.list(7) == std::vector{StoredPage{kFar.index, kRigPageBytes}});
}

TEST_CASE("an image whose root is lost takes its place in the tree when it grows") {
  DamagedStore rig;
  rig.close();
  rig.flip(rig.root_of_image() + 200);
  rig.repair_to_clean();
  rig.open();
  REQUIRE_FALSE(rig.write(page_of(7, 5000), 0, kChunkBytes, 'n').has_value());
  rig.close();
  rig.open();
  CHECK(rig.read(kPage, 0, kBlock) == kLost);
  CHECK(rig.read(page_of(7, 5000), 0, kBlock) == blocks(1, 'n'));
  CHECK(rig.read(page_of(7, 40), 0, kBlock) == blocks(1, '\0'));
}

TEST_CASE("a dropped image whose leaf is lost is forgotten, and its space is free") {
  TwoLeaves rig;
  rig.flip(rig.first_leaf() + 200);
  rig.repair_to_clean();
  rig.open();
  const std::uint64_t free = rig.free_chunks();
  REQUIRE_FALSE(rig.drop(7).has_value());
  REQUIRE(rig.run_until([&] { return rig.free_chunks() > free; }));
  rig.close();
  const CheckReport report = rig.check();
  CHECK(report.findings.empty());
  CHECK(report.images.empty());
}

TEST_CASE("a journal that speaks of a lost range is replayed over it") {
  TwoLeaves rig;
  rig.open();
  REQUIRE_FALSE(rig.write(kPage, kChunkBytes, kBlock, 'n').has_value());
  rig.kill();
  rig.flip(rig.first_leaf() + 200);
  CHECK_FALSE(rig.try_open().empty());
  rig.repair_to_clean();
  rig.open();
  CHECK(rig.read(kPage, 0, kBlock) == kLost);
  CHECK(rig.read(kPage, kChunkBytes, kBlock) == blocks(1, 'n'));
}

TEST_CASE("a journal with a damaged frame is ended there only by who gives up what was acknowledged") {
  DamagedStore rig;
  for (int i = 0; i < 4; ++i) REQUIRE_FALSE(rig.write(kOther, 0, kBlock, 'c' + i).has_value());
  rig.kill();
  rig.flip(rig.bytes().find(blocks(1, 'd')));
  const std::string before = rig.bytes();
  const RepairReport refused = rig.repair();
  CHECK_FALSE(refused.written);
  CHECK_THAT(refused.obstacle, Catch::Contains("--lose-acknowledged"));
  CHECK(rig.bytes() == before);

  rig.repair_to_clean(true);
  rig.open();
  CHECK(rig.read(kOther, 0, kBlock) == blocks(1, 'c'));
  CHECK(rig.read(kPage, 0, kBlock) == blocks(1, 'a'));
}

TEST_CASE("what was written behind superblocks that are lost is given up for good, or not at all") {
  DamagedStore rig;
  rig.close();
  rig.open();
  REQUIRE_FALSE(rig.write(kOther, 0, kBlock, 'z').has_value());
  rig.kill();
  rig.lose_newest_superblock();
  CHECK_FALSE(rig.repair().written);
  rig.repair_to_clean(true);
  CHECK(rig.check().frames == 0);
  rig.open();
  CHECK(rig.read(kOther, 0, kBlock) == blocks(1, 'b'));
}

TEST_CASE("a repair that loses its power has changed nothing, or is done") {
  for (int steps = 0; steps < 60; ++steps) {
    TwoLeaves rig;
    rig.flip(rig.first_leaf() + 200);
    const auto repairing = repair_store(
        rig.host.runtime(), {.path = kPath}, [](const CheckProgress&) {}, [](auto) {});
    for (int i = 0; i < steps; ++i) rig.world.step();
    rig.crash();
    if (!rig.check().findings.empty()) rig.repair_to_clean();
    rig.open();
    CHECK(rig.read(kPage, 0, kBlock) == kLost);
    CHECK(rig.read(kFar, 0, kRigPageBytes) == std::string(kRigPageBytes, 'f'));
  }
}

TEST_CASE("without a catalog nothing is repaired, and that is said") {
  DamagedStore rig;
  rig.close();
  rig.flip(byte_of(rig.superblock().catalog.at) + 70);
  const RepairReport report = rig.repair();
  CHECK_FALSE(report.written);
  CHECK_THAT(report.obstacle, Catch::Contains("images"));
}
