// What a dropped image leaves behind: its chunks are given back whatever else is asked of it, or is in the way.
#include <catch2/catch.hpp>

#include "routing/journal_store/node.h"
#include "test/unit/journal_store/damaged_store.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;
using namespace shoal::routing::journal;

namespace {

const PageId kDropped = page_of(7, 0), kNext = page_of(8, 0);

// Every node of that image's tree.
void damage_tree(JournalStoreRig& rig, ImageId image) {
  std::string content = rig.disk().content(rig.config.path);
  for (std::size_t at = 0; at + kBlock <= content.size(); at += kBlock) {
    const auto header = node_header(as_bytes(std::string_view(content).substr(at, kBlock)));
    if (header && header->key.tree == TreeId{TreeId::Kind::chunks, image}) content[at + kNodeHeaderBytes] ^= 1;
  }
  REQUIRE(rig.host.runtime().replace_whole(rig.config.path, content).has_value());
}

}  // namespace

TEST_CASE("an image whose metadata are damaged is not in the way of others that are dropped") {
  JournalStoreRig rig;
  rig.open_with_image();
  REQUIRE_FALSE(rig.describe(8).has_value());
  REQUIRE_FALSE(rig.write(kDropped, 0, kChunkBytes, 'a').has_value());
  REQUIRE_FALSE(rig.write(kNext, 0, kChunkBytes, 'b').has_value());
  rig.close();
  damage_tree(rig, ImageId{7});
  rig.open();
  const std::uint64_t before = rig.free_chunks();
  REQUIRE_FALSE(rig.drop(7).has_value());
  REQUIRE_FALSE(rig.drop(8).has_value());
  rig.world.run_for(1s);
  CHECK(rig.free_chunks() == before + 1);
}

TEST_CASE("what is asked of an image while it is dropped keeps none of its chunks, and the journal is replayed") {
  JournalStoreRig rig;
  rig.open_with_image();
  REQUIRE_FALSE(rig.write(kDropped, 0, kChunkBytes, 'a').has_value());
  rig.close();
  rig.open();
  const std::uint64_t before = rig.free_chunks();
  const StoreDone late = rig.start(data_record(kDropped, 512, filled(512, 'b')));  // has to read the rest first
  StoreDone dropped, promised;
  rig.store->drop_image(ImageId{7}, dropped.taker());
  rig.store->promise(kDropped, Epoch{5}, promised.taker());
  CHECK_FALSE(rig.wait(dropped).has_value());
  CHECK(rig.wait(late) == StoreError::stale);
  CHECK(rig.wait(promised) == StoreError::stale);
  rig.world.run_for(1s);
  CHECK(rig.free_chunks() == before + 1);
  rig.kill();
  rig.open();
  CHECK(rig.store->images().empty());
}

TEST_CASE("a dropped image is not described again") {
  JournalStoreRig rig;
  rig.open_with_image();
  REQUIRE_FALSE(rig.write(kDropped, 0, kChunkBytes, 'a').has_value());
  StoreDone dropped, described;
  rig.store->drop_image(ImageId{7}, dropped.taker());
  rig.store->describe_image(ImageId{7}, {kRigPageBytes, "again"}, described.taker());
  CHECK_FALSE(rig.wait(dropped).has_value());
  CHECK(rig.wait(described) == StoreError::stale);
}

TEST_CASE("a store that fails while it gives back a large image ends, and nothing waits for ever") {
  JournalStoreRig rig;
  rig.config.cache_bytes = 14 * 4352;  // 14 nodes, of which half may have changed: the sweeper waits for a checkpoint
  rig.open_with_image();
  REQUIRE_FALSE(rig.describe(8).has_value());
  constexpr std::uint64_t kPagesOfALeaf = kChunksPerLeaf / (kRigPageBytes / kChunkBytes);
  for (std::uint64_t leaf = 0; leaf < 100; ++leaf) {
    REQUIRE_FALSE(rig.write(page_of(7, leaf * kPagesOfALeaf), 0, kBlock, 'a').has_value());
  }
  rig.close();
  rig.open();
  for (std::uint32_t block = 0; block < 60; ++block) {  // that the checkpoint has to carry home before it syncs
    REQUIRE_FALSE(rig.write(page_of(8, block / 30), block % 30 * 2 * kBlock, kBlock, 'b').has_value());
  }
  rig.disk().fail_next(sim::DiskCall::sync, FileError::io);  // of the checkpoint for which the sweeper waits
  REQUIRE_FALSE(rig.drop(7).has_value());
  REQUIRE(rig.run_until([&] { return !rig.store->state().in_service; }));
  rig.world.run_for(1s);
  CHECK(rig.write(kDropped, 0, kBlock, 'b') == StoreError::out_of_service);
}

TEST_CASE("a write that is under way while its image is dropped and a checkpoint is made leaves no node behind") {
  DamagedStore rig;
  rig.close();
  rig.open();
  REQUIRE(rig.read(kDropped, kBlock, 1) == "a");  // so that its leaf is in memory
  rig.disk().set_latency(10s, 10s);
  const StoreDone late = rig.start(data_record(kDropped, 512, filled(512, 'b')));  // has to read the rest first
  rig.disk().set_latency(20us, 200us);
  REQUIRE_FALSE(rig.drop(7).has_value());
  rig.world.run_for(1s);
  StoreDone checkpoint;
  rig.store->close(checkpoint.taker());
  REQUIRE_FALSE(rig.wait(checkpoint).has_value());
  CHECK_FALSE(late.has());
  CHECK(rig.wait(late) == StoreError::stale);
  rig.close();
  for (const Finding& finding : rig.check().findings) FAIL_CHECK(describe(finding));
}
