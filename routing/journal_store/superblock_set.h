// SuperblockSet: what the beginning of a device says of the store on it: the four places of superblocks, and which of
// them counts. Pure.
#pragma once

#include <array>
#include <optional>

#include "routing/journal_store/superblock.h"
#include "target/base/bytes.h"

namespace shoal::routing::journal {

inline constexpr std::size_t kSuperblockBytes = 2 * std::size_t{kChunkBytes};  // that read_superblocks() looks at

struct SuperblockPlace {
  BlockNumber at;
  bool blank = false;               // all zeros
  std::optional<Superblock> found;  // nullopt: none that can be used
  SuperblockFault fault = SuperblockFault::foreign;
};

struct SuperblockSet {
  std::array<SuperblockPlace, kSuperblockPlaces> places;
  std::optional<Superblock> newest;
  bool newer_format = false;    // one is of a version that this one does not know
  bool several_stores = false;  // they are of different ones
  bool blank = false;           // all of `beginning` is zeros

  std::size_t copies_of_newest() const;
};

SuperblockSet read_superblocks(ByteSpan beginning);

}  // namespace shoal::routing::journal
