// Space: which chunks of the device are free, and what uses the others: one byte a chunk, all in memory (16 MiB a TiB).
// Pure.
//
//   0            free
//   1 .. 126     that many images' chunks lie there
//   127          the store's own: superblocks and journal
//   128 + n      n live nodes of metadata, at most 16
//
// A chunk that is free may still be held: by a write on its way to it, or because the newest checkpoint still speaks of
// it. It is given out again only when nobody holds it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "routing/journal_store/geometry.h"
#include "target/base/bytes.h"

namespace shoal::routing::journal {

inline constexpr std::uint8_t kOwnChunk = 127;
inline constexpr std::uint8_t kNodeChunk = 128;
inline constexpr std::uint8_t kMaxUses = 126;

// Chunks that only metadata may take, so that a full store can still write a checkpoint: nodes take at most two in a
// hundred chunks, when each lies alone in its chunk.
constexpr std::uint32_t reserved_chunks(std::uint32_t device_chunks) { return 16 + device_chunks / 32; }

// Whether a space map is one that could have been written: the store's own chunks are its own, no use is none.
bool is_sound_space(const std::vector<std::uint8_t>& uses, std::uint32_t journal_chunks);

class Space {
 public:
  Space() = default;
  Space(std::uint32_t device_chunks, std::uint32_t journal_chunks);  // all free but the store's own
  explicit Space(std::vector<std::uint8_t> uses);                    // as it was written

  std::uint32_t chunks() const { return static_cast<std::uint32_t>(uses_.size()); }
  std::uint32_t free_chunks() const { return free_ > reserve() ? free_ - reserve() : 0; }  // for data
  std::uint8_t uses(ChunkNumber chunk) const { return uses_[chunk.value]; }
  bool is_data(ChunkNumber chunk) const { return chunk.value < chunks() && uses(chunk) > 0 && uses(chunk) <= kMaxUses; }
  bool is_free(ChunkNumber chunk) const { return chunk.value < chunks() && uses(chunk) == 0; }
  bool has(BlockNumber block) const { return block.value / kBlocksPerChunk < chunks(); }
  ByteSpan bytes() const { return std::as_bytes(std::span(uses_)); }
  // Leaves of kBytesPerLeaf bytes in which something has changed since this was asked last, in order.
  std::set<std::uint64_t> take_changed_leaves() { return std::exchange(changed_leaves_, {}); }

  void grow(std::uint32_t device_chunks);

  // For data: a free chunk, held. nullopt: the store is full.
  std::optional<ChunkNumber> take();
  void hold(ChunkNumber chunk);
  void release(ChunkNumber chunk);  // of a hold
  void add_use(ChunkNumber chunk);
  void remove_use(ChunkNumber chunk);  // of a chunk that, as a damaged space map says, nobody uses: nothing
  // To what was counted from the trees.
  void correct(ChunkNumber chunk, std::uint8_t uses) { set(chunk, uses); }
  // Chunks that become free from now on are given to nobody until frees_are_durable(): what frees them could still be
  // lost with the power, and then they would be in use as before.
  void hold_frees() { holds_frees_ = true; }
  void frees_are_durable();
  bool has_held_frees() const { return !held_frees_.empty(); }

  // For a node. nullopt: not even the reserve is left.
  std::optional<BlockNumber> place_node();
  // Its chunk, once no node in it lives, is held until the caller has released what take_freed_node_chunks() told.
  void free_node(BlockNumber node);
  std::vector<ChunkNumber> take_freed_node_chunks() { return std::exchange(freed_node_chunks_, {}); }

 private:
  std::uint32_t reserve() const { return reserved_chunks(chunks()); }
  std::optional<ChunkNumber> find_free();
  bool is_held(ChunkNumber chunk) const { return !holds_.empty() && holds_.contains(chunk.value); }
  void set(ChunkNumber chunk, std::uint8_t uses);

  std::vector<std::uint8_t> uses_;
  std::unordered_map<std::uint32_t, std::uint32_t> holds_;  // never iterated
  std::uint32_t free_ = 0;                                  // neither used nor held
  std::uint32_t cursor_ = 0;                                // where the search goes on
  std::optional<BlockNumber> next_node_;                    // within a chunk that is being filled with nodes
  std::vector<ChunkNumber> freed_node_chunks_;
  bool holds_frees_ = false;
  std::vector<ChunkNumber> held_frees_;
  std::set<std::uint64_t> changed_leaves_;
};

}  // namespace shoal::routing::journal
