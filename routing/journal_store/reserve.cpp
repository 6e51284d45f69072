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

std::int64_t as_signed(std::uint64_t count) { return static_cast<std::int64_t>(count); }

}  // namespace

void Reserve::count_images() { image_bytes_ = bytes_of_images(catalog_); }

// Of the trees that a checkpoint may write as a whole.
std::uint64_t Reserve::own_nodes() const {
  return nodes_over(space_.chunks()) + nodes_over(image_bytes_ + bytes_of_promises(catalog_));
}

std::uint64_t Reserve::needed() const { return own_nodes() + cache_.changing_count(); }

// Places that are left for what is new when everything that has changed is written.
std::int64_t Reserve::lasting() const {
  const std::uint64_t gained = space_.leaving_places() + placed_own_nodes_;
  const std::uint64_t taken = cache_.unplaced_count() + own_nodes();
  return as_signed(places() + gained) - as_signed(taken + own_nodes() + kKeptPlaces);
}

// If nothing that is under way uses what it holds.
std::int64_t Reserve::lasting_at_best() const {
  return lasting() + as_signed(std::uint64_t{space_.taken_chunks()} * kBlocksPerChunk);
}

std::optional<ChunkNumber> Reserve::take_chunk() {
  if (free_chunks() == 0) return std::nullopt;
  return space_.take();
}

std::uint32_t Reserve::free_chunks() const {
  const std::int64_t now = as_signed(places()) - as_signed(needed() + kPlacesOfOneFrame);
  const std::int64_t chunks = std::min(now, lasting()) / kBlocksPerChunk;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(chunks, 0, space_.free_chunks()));
}

bool Reserve::has_room_for_new(std::uint64_t nodes) const {
  return has_room_for_changed(nodes) && lasting() >= as_signed(nodes);
}

bool Reserve::has_room_for_changed(std::uint64_t nodes) const {
  return places() >= needed() + nodes + kPlacesOfOneFrame;
}

// It is written as a whole, so what it gets longer by counts while the old one is still there, too.
bool Reserve::has_room_in_catalog(std::uint64_t bytes) const {
  if (bytes == 0) return true;
  const std::uint64_t nodes = nodes_over(bytes) + 1;
  return places() >= needed() + nodes && lasting() >= as_signed(2 * nodes);
}

// A node that has changed may have become empty, and its place free with the next checkpoint.
Outlook Reserve::outlook_for_nodes(std::uint64_t nodes) const {
  if (lasting_at_best() >= as_signed(nodes)) return Outlook::sure;
  const bool possible = lasting_at_best() + as_signed(cache_.changing_count()) >= as_signed(nodes);
  return possible ? Outlook::unsure : Outlook::none;
}

// Nodes that a checkpoint writes may be the last of their chunks.
Outlook Reserve::outlook_for_chunks(std::uint32_t chunks) const {
  const Outlook by_places = outlook_for_nodes(std::uint64_t{chunks} * kBlocksPerChunk);
  const std::uint32_t free = space_.free_chunks() + space_.taken_chunks() + space_.emptied_chunks();
  return free >= chunks ? by_places : std::min(by_places, Outlook::unsure);
}

bool Reserve::asks_for_checkpoint() const {
  const std::uint64_t own = own_nodes();
  return cache_.dirty_count() * kDirtyShare > places() - std::min(places(), own);
}

}  // namespace shoal::routing::journal
