// Values that the tests of routing are made of.
#pragma once

#include <string>
#include <vector>

#include "routing/page.h"
#include "routing/page_map.h"

namespace shoal::routing::test {

inline StoreId store_id(std::uint8_t number) {
  StoreId id;
  id.bytes[15] = number;
  return id;
}

inline NexusId nexus_id(std::uint8_t number) {
  NexusId id;
  id.bytes[0] = number;
  return id;
}

inline std::vector<StoreId> store_ids(std::uint8_t count) {
  std::vector<StoreId> ids;
  for (std::uint8_t i = 1; i <= count; ++i) ids.push_back(store_id(i));
  return ids;
}

struct ImageOf {
  std::uint64_t pages = 9;
  std::uint8_t stores = 3;
  PlacementRule rule = PlacementRule::striped;
  std::uint32_t page_bytes = kMinPageBytes;
  std::uint64_t id = 7;
  operator Image() const {
    return {.id = ImageId{id},
            .size_bytes = pages * page_bytes,
            .page_bytes = page_bytes,
            .placement = {.rule = rule, .stores = store_ids(stores)}};
  }
};

// Bytes that tell where they belong: each block is filled with the low byte of its number.
inline Slice pattern(std::uint64_t first_block, std::uint64_t blocks) {
  MutableByteSpan fill;
  Slice slice = Slice::fresh(blocks * kBlockBytes, fill);
  for (std::size_t i = 0; i < fill.size(); ++i) fill[i] = static_cast<std::byte>(first_block + i / kBlockBytes);
  return slice;
}

inline bool same_bytes(const Slices& a, const Slices& b) {
  const Slice left = flatten(a), right = flatten(b);
  return std::ranges::equal(left.bytes(), right.bytes());
}

}  // namespace shoal::routing::test
