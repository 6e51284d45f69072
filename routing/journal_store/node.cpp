#include "routing/journal_store/node.h"

#include "routing/journal_store/format_layout.h"
#include "target/base/check.h"

namespace shoal::routing::journal {
namespace {

constexpr std::size_t kCrcBytes = sizeof(std::uint32_t);

template <class Span>
Span item(Span node, std::uint32_t slot, std::size_t bytes) {
  return node.subspan(kNodeHeaderBytes + slot * bytes, bytes);
}

constexpr bool is_known(TreeId::Kind kind) { return kind >= TreeId::Kind::chunks && kind <= TreeId::Kind::catalog; }

bool is_sound(const NodeKey& key) {
  if (!is_known(key.tree.kind) || key.level > kMaxLevel) return false;
  return key.tree.kind == TreeId::Kind::chunks || key.tree.image == ImageId{};
}

bool is_sound(const ChunkEntry& entry, std::uint32_t device_chunks) {
  if (entry.chunk == ChunkNumber{}) {
    if (entry.written != 0) return false;
  } else if (!is_in_space(entry.chunk) || entry.chunk.value >= device_chunks) {
    return false;
  }
  if ((entry.written & entry.lost) != 0) return false;
  for (std::uint32_t i = 0; i < kBlocksPerChunk; ++i) {
    if ((entry.written & block_mask(i, 1)) == 0 && entry.crcs[i] != 0) return false;
  }
  return true;
}

bool is_sound_emptied(ByteSpan at) {
  using Emptied = child_layout::Emptied;
  return Emptied::IsEmptied::get(at) == 0 || Emptied::get(at) != Version{};
}

bool is_sound(const NodeRef& ref, std::uint32_t device_chunks) {
  if (ref.at.value == 0) return ref.crc == 0 || ref == kLostNode;
  return ref.at < first_block({device_chunks});
}

}  // namespace

void start_node(MutableByteSpan node, const NodeHeader& header) {
  namespace layout = node_layout;
  CHECK(node.size() == kBlock && is_sound(header.key), node.size(), header.key.tree.image, header.key.level);
  std::ranges::fill(node, std::byte{0});
  layout::Magic::put(node, layout::kMagic);
  layout::Kind::put(node, static_cast<std::uint8_t>(header.key.tree.kind));
  layout::Level::put(node, header.key.level);
  layout::Image::put(node, header.key.tree.image);
  layout::Index::put(node, header.key.index);
  layout::Store::put(node, header.store);
  layout::Checkpoint::put(node, header.checkpoint);
}

void set_checkpoint(MutableByteSpan node, std::uint64_t checkpoint) { node_layout::Checkpoint::put(node, checkpoint); }

std::optional<NodeHeader> node_header(ByteSpan node) {
  namespace layout = node_layout;
  if (node.size() != kBlock || layout::Magic::get(node) != layout::kMagic) return std::nullopt;
  if (layout::Unused::get(node) != decltype(layout::Unused::get(node)){} || layout::UnusedToo::get(node) != 0) {
    return std::nullopt;
  }
  const NodeHeader header{.key = {.tree = {TreeId::Kind{layout::Kind::get(node)}, layout::Image::get(node)},
                                  .level = layout::Level::get(node),
                                  .index = layout::Index::get(node)},
                          .store = layout::Store::get(node),
                          .checkpoint = layout::Checkpoint::get(node)};
  if (!is_sound(header.key)) return std::nullopt;
  return header;
}

NodeRef child(ByteSpan inner, std::uint32_t slot) {
  const ByteSpan at = item(inner, slot, child_layout::kBytes);
  return child_layout::Emptied::IsEmptied::get(at) == 0 ? child_layout::Child::get(at) : NodeRef{};
}

void set_child(MutableByteSpan inner, std::uint32_t slot, const NodeRef& ref) {
  child_layout::Child::put(item(inner, slot, child_layout::kBytes), ref);
}

Version emptied(ByteSpan inner, std::uint32_t slot) {
  return child_layout::Emptied::get(item(inner, slot, child_layout::kBytes));
}

void set_emptied(MutableByteSpan inner, std::uint32_t slot, const Version& version) {
  child_layout::Emptied::put(item(inner, slot, child_layout::kBytes), version);
}

void fill_emptied(MutableByteSpan node, const Version& version) {
  const bool leaf = node_layout::Level::get(node) == 0;
  const std::uint32_t slots = leaf ? kChunksPerLeaf : kChildren;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    leaf ? set_chunk_entry(node, slot, {.version = version}) : set_emptied(node, slot, version);
  }
}

ChunkEntry chunk_entry(ByteSpan leaf, std::uint32_t slot) {
  namespace layout = chunk_layout;
  const ByteSpan at = item(leaf, slot, layout::kBytes);
  ChunkEntry entry{.chunk = layout::Chunk::get(at),
                   .written = layout::Written::get(at),
                   .lost = layout::Lost::get(at),
                   .version = {layout::TheEpoch::get(at), layout::Seq::get(at)}};
  for (std::size_t i = 0; i < kBlocksPerChunk; ++i) {
    entry.crcs[i] = load_le<std::uint32_t>(at, layout::kCrcsAt + i * kCrcBytes);
  }
  return entry;
}

void set_chunk_entry(MutableByteSpan leaf, std::uint32_t slot, const ChunkEntry& entry) {
  namespace layout = chunk_layout;
  const MutableByteSpan at = item(leaf, slot, layout::kBytes);
  layout::Chunk::put(at, entry.chunk);
  layout::Written::put(at, entry.written);
  layout::Lost::put(at, entry.lost);
  layout::TheEpoch::put(at, entry.version.epoch);
  layout::Seq::put(at, entry.version.seq);
  for (std::size_t i = 0; i < kBlocksPerChunk; ++i) store_le(at, layout::kCrcsAt + i * kCrcBytes, entry.crcs[i]);
}

void fill_lost(MutableByteSpan node) {
  const bool leaf = node_layout::Level::get(node) == 0;
  const std::uint32_t slots = leaf ? kChunksPerLeaf : kChildren;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    leaf ? set_chunk_entry(node, slot, {.lost = block_mask(0, kBlocksPerChunk)}) : set_child(node, slot, kLostNode);
  }
}

bool is_sound_chunk_leaf(ByteSpan leaf, std::uint32_t device_chunks) {
  const auto header = node_header(leaf);
  if (!header || header->key.tree.kind != TreeId::Kind::chunks || header->key.level != 0) return false;
  for (std::uint32_t slot = 0; slot < kChunksPerLeaf; ++slot) {
    if (!is_sound(chunk_entry(leaf, slot), device_chunks)) return false;
  }
  return true;
}

bool is_sound_inner_node(ByteSpan node, std::uint32_t device_chunks) {
  const auto header = node_header(node);
  if (!header || header->key.level == 0) return false;
  for (std::uint32_t slot = 0; slot < kChildren; ++slot) {
    if (!is_sound(child(node, slot), device_chunks) || !is_sound_emptied(item(node, slot, child_layout::kBytes))) {
      return false;
    }
  }
  return true;
}

}  // namespace shoal::routing::journal
