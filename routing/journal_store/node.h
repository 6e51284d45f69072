// Nodes: the 4 KiB blocks of which trees of metadata are made (format.md). A node never changes where it lies: a
// changed one is written elsewhere by the next checkpoint. Its CRC is kept by its parent, so a node that was lost,
// misdirected or has rotted is known for what it is. In memory a node is its bytes. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "routing/journal_store/superblock.h"
#include "routing/page_store.h"
#include "target/base/bytes.h"

namespace shoal::routing::journal {

// Which tree: the chunks of an image, or one of the store's own two.
struct TreeId {
  enum class Kind : std::uint8_t { chunks = 1, space, catalog } kind = Kind::chunks;
  ImageId image;  // chunks
  auto operator<=>(const TreeId&) const = default;
};

// Level 0 is a leaf; index counts nodes of that level from the left.
struct NodeKey {
  TreeId tree;
  std::uint8_t level = 0;
  std::uint64_t index = 0;
  auto operator<=>(const NodeKey&) const = default;
};

inline constexpr std::size_t kNodeHeaderBytes = 64;
inline constexpr std::size_t kNodeBodyBytes = kBlock - kNodeHeaderBytes;  // 4032
inline constexpr std::uint32_t kChildren = 252;                           // of an inner node, 16 bytes each
inline constexpr std::uint32_t kChunksPerLeaf = 48;                       // of a leaf of chunks, 84 bytes each
inline constexpr std::uint32_t kBytesPerLeaf = kNodeBodyBytes;            // of a leaf of space or catalog
inline constexpr std::uint8_t kMaxLevel = 5;

// One chunk of an image. Blocks that are not `written` read as zeros.
struct ChunkEntry {
  ChunkNumber chunk;  // 0: nothing is allocated
  std::uint16_t written = 0;
  std::uint16_t lost = 0;  // blocks of which nobody knows any more what was written; none of those that are written
  Version version;
  std::array<std::uint32_t, kBlocksPerChunk> crcs{};  // of blocks that are not written: 0
  bool operator==(const ChunkEntry&) const = default;
};

struct NodeHeader {
  NodeKey key;
  StoreId store;
  std::uint64_t checkpoint = 0;  // that wrote it
  bool operator==(const NodeHeader&) const = default;
};

// `node` is kBlock bytes in each.
void start_node(MutableByteSpan node, const NodeHeader& header);  // and an empty body
void set_checkpoint(MutableByteSpan node, std::uint64_t checkpoint);
void fill_lost(MutableByteSpan node);                  // its whole body, behind start_node()
std::optional<NodeHeader> node_header(ByteSpan node);  // nullopt: no node

NodeRef child(ByteSpan inner, std::uint32_t slot);
void set_child(MutableByteSpan inner, std::uint32_t slot, const NodeRef& ref);
// Of a child that is nowhere: the highest version of what was below it.
Version emptied(ByteSpan inner, std::uint32_t slot);
void set_emptied(MutableByteSpan inner, std::uint32_t slot, const Version& version);
void fill_emptied(MutableByteSpan node, const Version& version);  // its whole body, behind start_node()
ChunkEntry chunk_entry(ByteSpan leaf, std::uint32_t slot);
void set_chunk_entry(MutableByteSpan leaf, std::uint32_t slot, const ChunkEntry& entry);
inline ByteSpan body(ByteSpan node) { return node.subspan(kNodeHeaderBytes); }
inline MutableByteSpan body(MutableByteSpan node) { return node.subspan(kNodeHeaderBytes); }

// Whether blocks of that chunk are anything but zeros that nobody has written.
inline bool is_mapped(const ChunkEntry& entry) { return entry.chunk != ChunkNumber{} || entry.lost != 0; }

// Items under one node of that level (kChunksPerLeaf or kBytesPerLeaf of a leaf), and the level of a root over `items`.
constexpr std::uint64_t span_of(std::uint8_t level, std::uint32_t per_leaf) {
  std::uint64_t span = per_leaf;
  for (; level > 0; --level) span *= kChildren;
  return span;
}
constexpr std::uint8_t root_level(std::uint64_t items, std::uint32_t per_leaf) {
  std::uint8_t level = 0;
  while (span_of(level, per_leaf) < items) ++level;
  return level;
}

// Whether a leaf of chunks holds what only a sound one can: no chunk beyond the device, no block written without a
// chunk. For fsck and for what was read.
bool is_sound_chunk_leaf(ByteSpan leaf, std::uint32_t device_chunks);
bool is_sound_inner_node(ByteSpan node, std::uint32_t device_chunks);

}  // namespace shoal::routing::journal
