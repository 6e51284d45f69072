// Reserve: keeps room for the next checkpoint. All nodes that have changed get new places before their old ones may be
// used again; a store in which they do not find them could never be opened again. So nothing is begun that would make
// more of them than there are places.
//
// A checkpoint gives as many places back as it takes, but for nodes that are new. So what is new has to leave a rest,
// kKeptPlaces, and with this rest what is there can always be written again and unmapped: sooner or later, when
// checkpoints have been. A place counts wherever a node finds it, also in chunks that the checkpoint empties. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "routing/journal_store/catalog.h"
#include "routing/journal_store/node_cache.h"
#include "routing/journal_store/space.h"

namespace shoal::routing::journal {

// Half for a frame of the journal whose records all make the catalog longer, half for changes of what is there.
inline constexpr std::uint64_t kKeptPlaces = 512;
inline constexpr std::uint64_t kNodesOfOneLeaf = kMaxLevel + 1;  // it, and those above it
// Of the smallest store: what is kept, its space map and its catalog, one chunk of data.
inline constexpr std::uint32_t kLeastSpaceChunks = kKeptPlaces / kBlocksPerChunk + 2;

class Reserve {
 public:
  Reserve(Space& space, const NodeCache& cache, const Catalog& catalog)
      : space_(space), cache_(cache), catalog_(catalog) {}

  // Images or their notes have changed.
  void count_images();

  // For data: a free chunk, held. nullopt: the store is full.
  std::optional<ChunkNumber> take_chunk();
  std::uint32_t free_chunks() const;  // that take_chunk() would give, if nothing else changed

  bool has_room_for_new(std::uint64_t nodes) const { return places() >= needed() + nodes + kKeptPlaces; }
  bool has_room_for_changed(std::uint64_t nodes) const { return places() >= needed() + nodes; }
  bool has_room_in_catalog(std::uint64_t bytes) const;

  // Before what has changed takes most of what is left.
  bool asks_for_checkpoint() const;
  // Whether there could be room for something new after one.
  bool checkpoint_may_help() const;

 private:
  std::uint64_t places() const { return space_.node_places(); }
  std::uint64_t needed() const;
  std::uint64_t own_nodes() const;

  Space& space_;
  const NodeCache& cache_;
  const Catalog& catalog_;
  std::uint64_t image_bytes_ = 0;  // in the catalog
};

}  // namespace shoal::routing::journal
