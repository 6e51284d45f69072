// Reserve: keeps room for the next checkpoint. All nodes that have changed get new places before their old ones may be
// used again; a store in which they do not find them could never be opened again. So nothing is begun that would make
// more of them than there are places now.
//
// A checkpoint gives as many places back as it takes, but for nodes that are new. So what is new has to leave a rest,
// kKeptPlaces, of those that there are in the end, when everything that has changed is written; and with this rest what
// is there can always be written again and unmapped: sooner or later, when checkpoints have been. A place counts
// wherever a node finds it, also in chunks that the checkpoint empties. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "routing/journal_store/catalog.h"
#include "routing/journal_store/frame.h"
#include "routing/journal_store/node_cache.h"
#include "routing/journal_store/space.h"

namespace shoal::routing::journal {

inline constexpr std::uint64_t kNodesOfOneLeaf = kMaxLevel + 1;  // it, and those above it
// By which a frame of the journal may make the catalog longer.
inline constexpr std::uint64_t kPlacesOfOneFrame = kMaxFrameBlocks * kBlock / kBytesPerLeaf + kMaxLevel;
// For a frame, and for changes of what is there, which never take the last places that a frame may need.
inline constexpr std::uint64_t kKeptPlaces = 2 * kPlacesOfOneFrame + 2 * kNodesOfOneLeaf;
// Of the smallest store: what is kept, its space map and its catalog, one chunk of data.
inline constexpr std::uint32_t kLeastSpaceChunks = (kKeptPlaces + kBlocksPerChunk - 1) / kBlocksPerChunk + 2;

// For something new that finds no room now.
enum class Outlook : std::uint8_t {
  none,    // nothing that has been given back makes enough
  unsure,  // there may be room after a checkpoint
  sure,    // there will be, when what is under way has ended and is written, and nobody else takes it
};

class Reserve {
 public:
  Reserve(Space& space, const NodeCache& cache, const Catalog& catalog)
      : space_(space), cache_(cache), catalog_(catalog) {}

  // Images or their notes have changed.
  void count_images();
  // A checkpoint has given them places, as many as they are.
  void own_nodes_are_placed() { placed_own_nodes_ = own_nodes(); }

  // For data: a free chunk, held. nullopt: the store is full.
  std::optional<ChunkNumber> take_chunk();
  std::uint32_t free_chunks() const;  // that take_chunk() would give, if nothing else changed

  bool has_room_for_new(std::uint64_t nodes) const;
  bool has_room_for_changed(std::uint64_t nodes) const;
  bool has_room_in_catalog(std::uint64_t bytes) const;
  Outlook outlook_for_nodes(std::uint64_t nodes) const;
  Outlook outlook_for_chunks(std::uint32_t chunks) const;

  // Before what has changed takes most of what is left.
  bool asks_for_checkpoint() const;

 private:
  std::uint64_t places() const { return space_.node_places(); }
  std::uint64_t needed() const;
  std::uint64_t own_nodes() const;
  std::int64_t lasting() const;
  std::int64_t lasting_at_best() const;

  Space& space_;
  const NodeCache& cache_;
  const Catalog& catalog_;
  std::uint64_t image_bytes_ = 0;  // in the catalog
  std::uint64_t placed_own_nodes_ = 0;
};

}  // namespace shoal::routing::journal
