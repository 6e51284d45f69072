#include <catch2/catch.hpp>

#include <optional>
#include <set>

#include "routing/journal_store/format_layout.h"
#include "test/unit/journal_store/format_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::journal::test;

namespace layout = shoal::routing::journal::superblock_layout;

namespace {

Buffer encoded(const Superblock& superblock) {
  Buffer block = block_of(0xee);
  encode(superblock, block);
  return block;
}

void seal(MutableByteSpan block) { layout::Crc::put(block, crc32c(block.first(layout::kCrcAt))); }

std::optional<SuperblockFault> fault_of(ByteSpan block) {
  const auto superblock = decode_superblock(block);
  return superblock ? std::nullopt : std::optional(superblock.error());
}

// Of a superblock with a field that has been changed, and a checksum that is right.
template <class Field, class Value>
std::optional<SuperblockFault> fault_with(Value value) {
  Buffer block = encoded(a_superblock());
  Field::put(block, value);
  seal(block);
  return fault_of(block);
}

}  // namespace

TEST_CASE("a superblock is read as it was written") {
  CHECK(*decode_superblock(encoded(a_superblock())) == a_superblock());
  const Superblock empty{.store = kStore, .device_chunks = 19, .journal_chunks = kMinJournalChunks};
  CHECK(*decode_superblock(encoded(empty)) == empty);
}

TEST_CASE("every single bit that is turned over in a superblock is found") {
  const auto is_found = [](ByteSpan block) { return decode_superblock(block).has_error(); };
  CHECK(unfound_flips(encoded(a_superblock()), is_found) == 0);
}

TEST_CASE("what is not of a store is told apart from what is damaged") {
  CHECK(fault_of(block_of(0)) == SuperblockFault::foreign);
  CHECK(fault_of(ByteSpan{}) == SuperblockFault::foreign);
  Buffer damaged = encoded(a_superblock());
  damaged[200] = std::byte{1};
  CHECK(fault_of(damaged) == SuperblockFault::damaged);
}

TEST_CASE("a superblock of a later format is newer, and only if its checksum is right") {
  CHECK(fault_with<layout::FormatVersion>(2u) == SuperblockFault::newer);
  Buffer damaged = encoded(a_superblock());
  layout::FormatVersion::put(damaged, 2);
  CHECK(fault_of(damaged) == SuperblockFault::damaged);
}

TEST_CASE("a superblock that says what cannot be is damaged, whatever its checksum") {
  const std::uint32_t behind = 16384 * kBlocksPerChunk, journal_end = (2 + 512) * kBlocksPerChunk;
  CHECK(fault_with<layout::DeviceChunks>(514u) == SuperblockFault::damaged);
  CHECK(fault_with<layout::DeviceChunks>(kMaxDeviceChunks + 1) == SuperblockFault::damaged);
  CHECK(fault_with<layout::JournalChunks>(kMinJournalChunks - 1) == SuperblockFault::damaged);
  CHECK(fault_with<layout::JournalChunks>(kMaxJournalChunks + 1) == SuperblockFault::damaged);
  CHECK(fault_with<layout::ReplayBlock>(512 * kBlocksPerChunk) == SuperblockFault::damaged);
  CHECK(fault_with<layout::ReplaySeq>(std::uint64_t{0}) == SuperblockFault::damaged);
  CHECK(fault_with<layout::FirstSeq>(std::uint64_t{0}) == SuperblockFault::damaged);
  CHECK(fault_with<layout::Checkpoint>(kMaxSequence + 1) == SuperblockFault::damaged);
  CHECK(fault_with<layout::ReplaySeq>(kMaxSequence + 1) == SuperblockFault::damaged);
  CHECK(fault_with<layout::FirstSeq>(kMaxSequence + 1) == SuperblockFault::damaged);
  CHECK_FALSE(fault_with<layout::ReplaySeq>(kMaxSequence));
  CHECK(fault_with<layout::CatalogBytes>(kMaxCatalogBytes + 1) == SuperblockFault::damaged);
  CHECK(fault_with<layout::CatalogBytes>(std::uint64_t{0}) == SuperblockFault::damaged);
  CHECK(fault_with<layout::Catalog::At>(BlockNumber{0}) == SuperblockFault::damaged);
  CHECK(fault_with<layout::Catalog::At>(BlockNumber{behind}) == SuperblockFault::damaged);
  CHECK(fault_with<layout::Space::At>(BlockNumber{0}) == SuperblockFault::damaged);  // nowhere, but with a CRC
  CHECK(fault_with<layout::Space::At>(BlockNumber{journal_end - 1}) == SuperblockFault::damaged);
  CHECK(fault_with<layout::Space::At>(BlockNumber{std::uint64_t{1} << 63}) == SuperblockFault::damaged);
}

TEST_CASE("what is read as a superblock is what is written for it") {
  CHECK(wrong_changes(encoded(a_superblock()), [](ByteSpan changed) {
          Buffer block(changed.begin(), changed.end());
          seal(block);
          const auto superblock = decode_superblock(block);
          return superblock.has_error() || encoded(*superblock) == block;
        }) == 0);
}

TEST_CASE("a checkpoint's two superblocks lie in the chunk that the one before it did not use") {
  for (const std::uint64_t checkpoint : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{41}}) {
    for (const BlockNumber place : superblock_places(checkpoint)) {
      CHECK(chunk_of(place).value == checkpoint % 2);
      CHECK(chunk_of(place) < kJournalChunk);
    }
  }
  const auto all = all_superblock_places();
  CHECK(std::set<BlockNumber>(all.begin(), all.end()).size() == kSuperblockPlaces);
}
