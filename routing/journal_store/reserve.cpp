#include "routing/journal_store/reserve.h"

#include <algorithm>

namespace shoal::routing::journal {
namespace {

constexpr std::uint64_t kDirtyShare = 4;  // of the places that are left

std::uint64_t nodes_over(std::uint64_t bytes) {
  std::uint64_t nodes = 0;
  for (std::uint64_t level = (bytes + kBytesPerLeaf - 1) / kBytesPerLeaf;;
       level = (level + kChildren - 1) / kChildren) {
    nodes += level;
    if (level <= 1) return nodes;
  }
}

}  // namespace

void Reserve::count_images() { image_bytes_ = bytes_of_images(catalog_); }

// Of the trees that a checkpoint may write as a whole.
std::uint64_t Reserve::own_nodes() const {
  return nodes_over(space_.chunks()) + nodes_over(image_bytes_ + bytes_of_promises(catalog_));
}

std::uint64_t Reserve::needed() const { return own_nodes() + cache_.changing_count(); }

std::optional<ChunkNumber> Reserve::take_chunk() {
  if (free_chunks() == 0) return std::nullopt;
  return space_.take();
}

std::uint32_t Reserve::free_chunks() const {
  const std::uint64_t kept = needed() + kKeptPlaces;
  if (places() <= kept) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>((places() - kept) / kBlocksPerChunk, space_.free_chunks()));
}

// It is written as a whole, so what it gets longer by counts while the old one is still there.
bool Reserve::has_room_in_catalog(std::uint64_t bytes) const {
  return bytes == 0 || has_room_for_new(nodes_over(bytes) + 1);
}

bool Reserve::asks_for_checkpoint() const {
  const std::uint64_t own = own_nodes();
  return cache_.dirty_count() * kDirtyShare > places() - std::min(places(), own);
}

bool Reserve::checkpoint_may_help() const {
  const std::uint64_t after = places() + space_.leaving_places() + cache_.dirty_count();
  return after >= own_nodes() + kNodesOfOneLeaf + kKeptPlaces;
}

}  // namespace shoal::routing::journal
