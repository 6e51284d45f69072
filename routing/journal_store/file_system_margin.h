// What a store in a file leaves of its file system to others: the metadata of the member often lie beside it, and
// without room for them nothing can be changed, not even a volume deleted.
#pragma once

#include <algorithm>

#include "routing/page_store.h"

namespace shoal::routing::journal {

inline constexpr std::uint64_t kFileSystemMargin = std::uint64_t{16} << 20;

inline FileSystemRoom without_margin(FileSystemRoom room) {
  room.free_bytes -= std::min(room.free_bytes, kFileSystemMargin);
  return room;
}

}  // namespace shoal::routing::journal
