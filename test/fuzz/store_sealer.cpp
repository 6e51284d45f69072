#include "test/fuzz/store_sealer.h"

#include <algorithm>

#include "routing/journal_store/catalog.h"
#include "routing/journal_store/format_layout.h"
#include "target/base/crc32c.h"

namespace shoal::fuzz {

using namespace routing::journal;

StoreSealer::StoreSealer(crash::DiskImage disk) : disk_(std::move(disk)), superblock_(newest_superblock()) {
  objects_.push_back(superblock_);
  find_frames();
  find_nodes();
}

StoreSealer::Block StoreSealer::block_at(BlockNumber at) const {
  Block block{};
  disk_.read(byte_of(at), block);
  return block;
}

void StoreSealer::put(BlockNumber at, ByteSpan bytes) { disk_.write(byte_of(at), bytes); }

// ---- what is there --------------------------------------------------------------------------------------------------

BlockNumber StoreSealer::newest_superblock() const {
  BlockNumber newest;
  std::uint64_t checkpoint = 0;
  for (const BlockNumber place : all_superblock_places()) {
    const auto found = decode_superblock(block_at(place));
    if (!found || found->checkpoint < checkpoint) continue;
    newest = place;
    checkpoint = found->checkpoint;
  }
  return newest;
}

void StoreSealer::find_frames() {
  const auto superblock = decode_superblock(block_at(superblock_));
  for (std::uint32_t block = superblock->replay.block;;) {
    std::vector<std::byte> bytes(std::size_t{kMaxFrameBlocks} * kBlock);
    disk_.read(byte_of(block_of_ring(block)), bytes);
    const auto frame = decode_frame(bytes, superblock->chain);
    if (!frame) return;
    frames_.push_back({block_of_ring(block), frame->blocks});
    objects_.push_back(block_of_ring(block));
    block += frame->blocks;
  }
}

void StoreSealer::find_nodes() {
  for (BlockNumber at = first_block(kJournalChunk); byte_of(at) < disk_.size(); ++at.value) {
    if (node_header(block_at(at))) objects_.push_back(at);
  }
}

void StoreSealer::change(std::size_t object, std::size_t at, std::string_view bytes) {
  const BlockNumber where = objects_[object % objects_.size()];
  Block block = block_at(where);
  at %= kBlock;
  const std::size_t room = std::min(bytes.size(), kBlock - at);
  std::ranges::copy(as_bytes(bytes.substr(0, room)), block.begin() + static_cast<std::ptrdiff_t>(at));
  put(where, block);
}

// ---- checksums ------------------------------------------------------------------------------------------------------

// From the leaves up; the superblocks last. Of both copies one is kept, for the other may say something else.
void StoreSealer::seal() {
  namespace layout = superblock_layout;
  Block superblock = block_at(superblock_);
  seal_frames(layout::PreviousCrc::get(superblock));
  NodeRef catalog = layout::Catalog::get(superblock), space = layout::Space::get(superblock);
  seal_catalog(catalog, layout::CatalogBytes::get(superblock));
  catalog.crc = seal_node(catalog.at);
  space.crc = seal_node(space.at);
  if (layout::CatalogBytes::get(superblock) > 0) layout::Catalog::put(superblock, catalog);
  layout::Space::put(superblock, space);
  layout::Crc::put(superblock, crc32c(ByteSpan(superblock).first(layout::kCrcAt)));
  for (const BlockNumber place : all_superblock_places()) put(place, place == superblock_ ? superblock : Block{});
}

// Each once, whoever points at it; so what points at itself ends.
std::uint32_t StoreSealer::seal_node(BlockNumber at) {
  if (at.value >= disk_.size() / kBlock) return 0;
  if (const auto [known, added] = sealed_.try_emplace(at, 0); !added) return known->second;
  Block node = block_at(at);
  const auto header = node_header(node);
  for (std::uint32_t slot = 0; header && header->key.level > 0 && slot < kChildren; ++slot) {
    NodeRef ref = child(node, slot);
    if (ref.at.value == 0) continue;
    ref.crc = seal_node(ref.at);
    set_child(node, slot, ref);
  }
  put(at, node);
  return sealed_[at] = crc32c(node);
}

// The roots of the images' trees, where the catalog is one leaf and can be understood.
void StoreSealer::seal_catalog(const NodeRef& root, std::uint64_t bytes) {
  if (bytes == 0 || bytes > kBytesPerLeaf || root.at.value >= disk_.size() / kBlock) return;
  Block node = block_at(root.at);
  const MutableByteSpan content = body(MutableByteSpan(node)).first(bytes);
  auto catalog = decode_catalog(as_text(content));
  if (!catalog) return;
  for (auto& [id, image] : catalog->images) {
    if (image.root.at.value != 0) image.root.crc = seal_node(image.root.at);
  }
  std::ranges::copy(as_bytes(encode(*catalog)), content.begin());
  put(root.at, node);
}

void StoreSealer::seal_frames(std::uint32_t previous_crc) {
  namespace layout = frame_layout;
  for (const FramePlace& place : frames_) {
    std::vector<std::byte> frame(std::size_t{place.blocks} * kBlock);
    disk_.read(byte_of(place.at), frame);
    layout::PreviousCrc::put(frame, previous_crc);
    const std::uint32_t head =
        std::min(head_blocks(std::min(layout::RecordBytes::get(frame), kMaxFrameBlocks * kBlock)), place.blocks);
    const ByteSpan bytes = ByteSpan(frame).first(std::size_t{head} * kBlock);
    previous_crc = crc32c(bytes.subspan(layout::kHeaderBytes), crc32c(bytes.first(layout::kCrcAt)));
    layout::HeadCrc::put(frame, previous_crc);
    put(place.at, frame);
  }
}

}  // namespace shoal::fuzz
