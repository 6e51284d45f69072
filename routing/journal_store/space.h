// Space: which chunks of the device are free, and what uses the others: one byte a chunk, all in memory (16 MiB a TiB).
// Pure.
//
//   0            free
//   1 .. 126     that many images' chunks lie there
//   127          the store's own: superblocks and journal
//   128 + n      n live nodes of metadata, at most 16
//
// A chunk that is free may still be held: by a write on its way to it, or because the newest checkpoint still speaks of
// it. It is given out again only when nobody holds it. How much of it data may have is the Reserve's to say.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "routing/journal_store/geometry.h"
#include "routing/journal_store/node_places.h"
#include "target/base/bytes.h"

namespace shoal::routing::journal {

inline constexpr std::uint8_t kOwnChunk = 127;
inline constexpr std::uint8_t kNodeChunk = 128;
inline constexpr std::uint8_t kMaxUses = 126;

// Whether a space map is one that could have been written: the store's own chunks are its own, no use is none.
bool is_sound_space(const std::vector<std::uint8_t>& uses, std::uint32_t journal_chunks);

class Space {
 public:
  Space() = default;
  Space(std::uint32_t device_chunks, std::uint32_t journal_chunks);  // all free but the store's own
  explicit Space(std::vector<std::uint8_t> uses);                    // as it was written

  std::uint32_t chunks() const { return static_cast<std::uint32_t>(uses_.size()); }
  std::uint32_t free_chunks() const { return free_; }  // neither used nor held
  // That take() has given out and nobody uses yet: they, or what they replace, may be free in a moment.
  std::uint32_t taken_chunks() const { return taken_; }
  std::uint8_t uses(ChunkNumber chunk) const { return uses_[chunk.value]; }
  bool is_data(ChunkNumber chunk) const { return chunk.value < chunks() && uses(chunk) > 0 && uses(chunk) <= kMaxUses; }
  bool is_free(ChunkNumber chunk) const { return chunk.value < chunks() && uses(chunk) == 0; }
  bool has(BlockNumber block) const { return block.value / kBlocksPerChunk < chunks(); }
  ByteSpan bytes() const { return std::as_bytes(std::span(uses_)); }
  // Leaves of kBytesPerLeaf bytes in which something has changed since this was asked last, in order.
  std::set<std::uint64_t> take_changed_leaves() { return std::exchange(changed_leaves_, {}); }

  void grow(std::uint32_t device_chunks);

  // A free chunk, held.
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

  // When a store is opened: each node that the trees have, and then that there are no others that they know of.
  void learn_node(BlockNumber node);
  void all_nodes_are_learnt();
  // nullopt: there is none any more.
  std::optional<BlockNumber> place_node();
  void free_node(BlockNumber node);  // its place is used again after node_frees_are_durable()
  void node_frees_are_durable();
  // Nodes that place_node() would find room for, now and after node_frees_are_durable().
  std::uint64_t node_places() const { return nodes_.holes() + std::uint64_t{free_} * kBlocksPerChunk; }
  std::uint64_t leaving_places() const { return nodes_.leaving(); }
  std::uint32_t emptied_chunks() const { return emptied_; }  // free after node_frees_are_durable()

 private:
  struct Hold {
    std::uint32_t holders = 0;
    bool taken = false;  // as it is counted in taken_
  };

  std::optional<ChunkNumber> find_free();
  void end_taken(Hold& hold);
  bool is_held(ChunkNumber chunk) const { return !holds_.empty() && holds_.contains(chunk.value); }
  void set(ChunkNumber chunk, std::uint8_t uses);
  void count_nodes(ChunkNumber chunk);

  std::vector<std::uint8_t> uses_;
  boost::unordered_flat_map<std::uint32_t, Hold> holds_;  // never iterated
  std::uint32_t free_ = 0;                                // neither used nor held
  std::uint32_t taken_ = 0;                               // held since take(), and not used yet
  std::uint32_t emptied_ = 0;                             // chunks that all nodes are leaving
  std::uint32_t cursor_ = 0;                              // where the search goes on
  NodePlaces nodes_;
  bool holds_frees_ = false;
  std::vector<ChunkNumber> held_frees_;
  std::set<std::uint64_t> changed_leaves_;
};

}  // namespace shoal::routing::journal
