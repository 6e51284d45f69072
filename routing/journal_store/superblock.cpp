#include "routing/journal_store/superblock.h"

#include <algorithm>

#include "routing/journal_store/catalog.h"
#include "routing/journal_store/format_layout.h"
#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::routing::journal {
namespace {

namespace layout = superblock_layout;

bool is_sound_space(const Superblock& superblock) {
  if (superblock.device_chunks > kMaxDeviceChunks) return false;
  if (superblock.journal_chunks < kMinJournalChunks || superblock.journal_chunks > kMaxJournalChunks) return false;
  return superblock.device_chunks > kJournalChunk.value + superblock.journal_chunks;
}

bool is_sound_replay(const Superblock& superblock) {
  const JournalPosition& replay = superblock.replay;
  return replay.seq > 0 && superblock.first_seq > 0 && replay.block < superblock.journal_chunks * kBlocksPerChunk;
}

// Behind the journal, on the device.
bool is_sound_root(const Superblock& superblock, const NodeRef& root) {
  if (root.at == BlockNumber{}) return root == NodeRef{};
  const ChunkNumber space{kJournalChunk.value + superblock.journal_chunks}, end{superblock.device_chunks};
  return root.at >= first_block(space) && root.at < first_block(end);
}

bool is_sound(const Superblock& superblock) {
  return is_sound_space(superblock) && is_sound_replay(superblock) && is_sound_root(superblock, superblock.catalog) &&
         is_sound_root(superblock, superblock.space) && superblock.catalog_bytes <= kMaxCatalogBytes &&
         (superblock.catalog_bytes == 0) == (superblock.catalog.at == BlockNumber{});
}

Superblock read(ByteSpan block) {
  return {.store = layout::Store::get(block),
          .group = layout::Group::get(block),
          .checkpoint = layout::Checkpoint::get(block),
          .device_chunks = layout::DeviceChunks::get(block),
          .journal_chunks = layout::JournalChunks::get(block),
          .replay = {.block = layout::ReplayBlock::get(block),
                     .seq = layout::ReplaySeq::get(block),
                     .previous_crc = layout::PreviousCrc::get(block)},
          .catalog = layout::Catalog::get(block),
          .catalog_bytes = layout::CatalogBytes::get(block),
          .space = layout::Space::get(block),
          .first_seq = layout::FirstSeq::get(block),
          .chain = layout::Chain::get(block),
          .next_chain = layout::NextChain::get(block)};
}

bool can_count_on(const Superblock& superblock) {
  return std::max({superblock.checkpoint, superblock.replay.seq, superblock.first_seq}) <= kMaxSequence;
}

// There is one way to write a superblock: bytes without a name are zero.
bool is_what_encode_writes(ByteSpan block, const Superblock& superblock) {
  std::array<std::byte, kBlock> written;
  encode(superblock, written);
  return std::ranges::equal(block, written);
}

constexpr BlockNumber last_block(ChunkNumber chunk) { return {first_block(chunk).value + kBlocksPerChunk - 1}; }

}  // namespace

std::array<BlockNumber, kSuperblockCopies> superblock_places(std::uint64_t checkpoint) {
  const ChunkNumber chunk{static_cast<std::uint32_t>(checkpoint % 2)};
  return {first_block(chunk), last_block(chunk)};
}

std::array<BlockNumber, kSuperblockPlaces> all_superblock_places() {
  const auto even = superblock_places(0), odd = superblock_places(1);
  return {even[0], even[1], odd[0], odd[1]};
}

void encode(const Superblock& superblock, MutableByteSpan block) {
  CHECK(block.size() == kBlock && is_sound(superblock), block.size(), superblock.checkpoint);
  std::ranges::fill(block, std::byte{0});
  layout::Magic::put(block, layout::kMagic);
  layout::FormatVersion::put(block, layout::kFormatVersion);
  layout::DeviceChunks::put(block, superblock.device_chunks);
  layout::Store::put(block, superblock.store);
  layout::Group::put(block, superblock.group);
  layout::Checkpoint::put(block, superblock.checkpoint);
  layout::JournalChunks::put(block, superblock.journal_chunks);
  layout::ReplayBlock::put(block, superblock.replay.block);
  layout::ReplaySeq::put(block, superblock.replay.seq);
  layout::PreviousCrc::put(block, superblock.replay.previous_crc);
  layout::Catalog::put(block, superblock.catalog);
  layout::CatalogBytes::put(block, superblock.catalog_bytes);
  layout::Space::put(block, superblock.space);
  layout::FirstSeq::put(block, superblock.first_seq);
  layout::Chain::put(block, superblock.chain);
  layout::NextChain::put(block, superblock.next_chain);
  layout::Crc::put(block, crc32c(block.first(layout::kCrcAt)));
}

Result<Superblock, SuperblockFault> decode_superblock(ByteSpan block) {
  if (block.size() != kBlock || layout::Magic::get(block) != layout::kMagic) return SuperblockFault::foreign;
  if (layout::Crc::get(block) != crc32c(block.first(layout::kCrcAt))) return SuperblockFault::damaged;
  if (layout::FormatVersion::get(block) != layout::kFormatVersion) return SuperblockFault::newer;
  const Superblock superblock = read(block);
  if (!is_sound(superblock) || !can_count_on(superblock)) return SuperblockFault::damaged;
  if (!is_what_encode_writes(block, superblock)) return SuperblockFault::damaged;
  return superblock;
}

}  // namespace shoal::routing::journal
