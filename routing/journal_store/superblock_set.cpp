#include "routing/journal_store/superblock_set.h"

#include <algorithm>

#include "routing/journal_store/format_layout.h"
#include "target/base/check.h"

namespace shoal::routing::journal {
namespace {

SuperblockPlace read_place(BlockNumber at, ByteSpan block) {
  SuperblockPlace place{.at = at, .blank = all_zero(block)};
  const auto superblock = decode_superblock(block);
  if (superblock) {
    place.found = *superblock;
  } else {
    place.fault = superblock.error();
  }
  return place;
}

}  // namespace

std::size_t SuperblockSet::copies_of_newest() const {
  return static_cast<std::size_t>(
      std::count_if(places.begin(), places.end(), [&](const SuperblockPlace& place) { return place.found == newest; }));
}

SuperblockSet read_superblocks(ByteSpan beginning) {
  CHECK(beginning.size() == kSuperblockBytes, beginning.size());
  SuperblockSet set{.blank = all_zero(beginning)};
  const auto at = all_superblock_places();
  for (std::size_t i = 0; i < at.size(); ++i) {
    const SuperblockPlace& place = set.places[i] = read_place(at[i], beginning.subspan(byte_of(at[i]), kBlock));
    set.newer_format |= !place.found && place.fault == SuperblockFault::newer;
    if (!place.found) continue;
    set.several_stores |= set.newest && set.newest->store != place.found->store;
    if (!set.newest || place.found->checkpoint > set.newest->checkpoint) set.newest = place.found;
  }
  return set;
}

}  // namespace shoal::routing::journal
