// Chunks: the unit of allocation inside a page.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "routing/page_store.h"

namespace shoal::routing {

// Calls visit(chunk, offset in the chunk, length) for each chunk of the range, in order.
template <class Visit>
void for_each_chunk(std::uint32_t offset, std::uint32_t length, Visit&& visit) {
  while (length > 0) {
    const std::uint32_t within = offset % kChunkBytes;
    const std::uint32_t part = std::min(length, kChunkBytes - within);
    visit(offset / kChunkBytes, within, part);
    offset += part;
    length -= part;
  }
}

// The range as adjacent runs of equal mapped(chunk).
template <class Mapped>
std::vector<AllocationRange> allocation_of(std::uint32_t offset, std::uint32_t length, Mapped&& mapped) {
  std::vector<AllocationRange> ranges;
  for_each_chunk(offset, length, [&](std::uint32_t chunk, std::uint32_t within, std::uint32_t part) {
    const bool is_mapped = mapped(chunk);
    if (ranges.empty() || ranges.back().mapped != is_mapped) {
      ranges.push_back({chunk * kChunkBytes + within, 0, is_mapped});
    }
    ranges.back().length += part;
  });
  return ranges;
}

}  // namespace shoal::routing
