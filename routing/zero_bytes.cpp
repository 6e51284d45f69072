#include "routing/zero_bytes.h"

namespace shoal::routing {
namespace {

// Not const, so that it takes no room in the executable; nobody writes to it. Aligned as devices want it.
alignas(4096) std::byte zeros[kZeroSliceBytes];

}  // namespace

void append_zeros(Slices& slices, std::size_t length) {
  while (length > 0) {
    const std::size_t part = std::min(length, kZeroSliceBytes);
    slices.push_back(Slice::of_static({zeros, part}));
    length -= part;
  }
}

}  // namespace shoal::routing
