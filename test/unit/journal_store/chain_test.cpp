// Whose frames are replayed: those of one chain, which nobody outside knows and each opening of the store begins anew.
#include <catch2/catch.hpp>

#include <algorithm>

#include "test/unit/journal_store/format_builders.h"
#include "test/unit/journal_store/journal_store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;
using namespace shoal::routing::journal;

namespace {

using journal::test::Buffer;
using journal::test::frame_of;
using journal::test::kPage;

std::vector<Superblock> superblocks(const std::string& content) {
  std::vector<Superblock> found;
  for (const BlockNumber place : all_superblock_places()) {
    const auto superblock = decode_superblock(as_bytes(std::string_view(content).substr(byte_of(place), kBlock)));
    if (superblock) found.push_back(*superblock);
  }
  return found;
}

Superblock newest_superblock(const JournalStoreRig& rig) {
  const auto found = superblocks(rig.host.disk().content(rig.config.path));
  return *std::ranges::max_element(found, {}, &Superblock::checkpoint);
}

// Both copies.
void lose_newest_superblock(JournalStoreRig& rig) {
  std::string content = rig.disk().content(rig.config.path);
  for (const BlockNumber place : superblock_places(newest_superblock(rig).checkpoint)) {
    content.replace(byte_of(place), kBlock, kBlock, 'x');
  }
  REQUIRE(rig.host.runtime().replace_whole(rig.config.path, content).has_value());
}

}  // namespace

TEST_CASE("each opening of a store begins the chain that the one before it has announced") {
  JournalStoreRig rig;
  rig.open();
  const Superblock first = newest_superblock(rig);
  CHECK_FALSE(first.chain.is_zero());
  CHECK_FALSE(first.next_chain.is_zero());
  CHECK(first.chain != first.next_chain);
  rig.kill();
  rig.open();
  const Superblock second = newest_superblock(rig);
  CHECK(second.chain == first.next_chain);
  CHECK(second.next_chain != first.next_chain);
  CHECK(second.next_chain != first.chain);
}

TEST_CASE("a checkpoint goes on with the chain of its opening") {
  JournalStoreRig rig;
  rig.open_with_image();
  const Superblock first = newest_superblock(rig);
  rig.close();
  const Superblock second = newest_superblock(rig);
  CHECK(second.checkpoint > first.checkpoint);
  CHECK(second.chain == first.chain);
  CHECK(second.next_chain == first.next_chain);
}

TEST_CASE("what a host writes is taken for no frame, though it knows every id of the store that is told") {
  JournalStoreRig rig;
  rig.open_with_image();
  const Buffer forged = frame_of({}, {.chain = {rig.store->id().bytes}, .seq = 1000, .durable_seq = 999});
  const std::string block(as_text(forged));
  REQUIRE_FALSE(rig.apply(data_record(kPage, 0, {Slice::copy_of(block)})).has_value());
  rig.kill();
  rig.open();
  CHECK(rig.read(kPage, 0, kBlock) == block);
}

TEST_CASE("a store whose newest superblocks are lost is not opened as it was before them") {
  JournalStoreRig rig;
  rig.open_with_image();
  rig.close();
  rig.open();
  REQUIRE_FALSE(rig.write(kPage, 0, kBlock, 'a').has_value());
  rig.kill();
  lose_newest_superblock(rig);
  CHECK_THAT(rig.try_open(), Catch::Contains(rig.config.path) && Catch::Contains("newest superblocks are damaged"));
}

TEST_CASE("a lost frame is known by what stands anywhere behind it, however much was lost with it") {
  JournalStoreRig rig;
  rig.config.journal_bytes = 64 * kChunkBytes;
  rig.open_with_image();
  const std::uint32_t chunk = kChunkBytes - kBlock;
  for (int i = 0; i < 30; ++i) REQUIRE_FALSE(rig.write(kPage, kBlock, chunk, i).has_value());
  rig.kill();
  std::string content = rig.disk().content(rig.config.path);
  const std::uint64_t from = byte_of(block_of_ring(newest_superblock(rig).replay.block));
  content.replace(from, std::uint64_t{kMaxFrameBlocks + 100} * kBlock, std::size_t{kMaxFrameBlocks + 100} * kBlock,
                  'x');
  REQUIRE(rig.host.runtime().replace_whole(rig.config.path, content).has_value());
  CHECK_THAT(rig.try_open(), Catch::Contains("was durable and cannot be read any more"));
}

TEST_CASE("newest superblocks that nothing was written behind may be lost") {
  JournalStoreRig rig;
  rig.open_with_image();
  REQUIRE_FALSE(rig.write(kPage, 0, kBlock, 'a').has_value());
  rig.close();
  rig.open();
  rig.kill();
  lose_newest_superblock(rig);
  rig.open();
  CHECK(rig.read(kPage, 0, kBlock) == std::string(kBlock, 'a'));
}
