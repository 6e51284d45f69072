// Splitter: cuts a range of blocks at page borders, and at multiples of `most_bytes` inside a page. The parts cover the
// range exactly, in order, without overlap. Allocates nothing: next() gives one part after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "routing/page.h"
#include "target/base/ids.h"
#include "target/ports/block_device.h"

namespace shoal::routing {

struct PagePart {
  PageIndex page;
  std::uint32_t offset = 0;  // bytes in the page
  std::uint32_t length = 0;  // bytes
  std::uint64_t at = 0;      // bytes from the beginning of the range: where this part's payload lies
  bool operator==(const PagePart&) const = default;
};

class Splitter {
 public:
  // Both a power of two; page_bytes between kMinPageBytes and kMaxPageBytes, most_bytes a multiple of
  // kPhysicalBlockBytes: a cut tears no block. The range lies inside the unit.
  Splitter(const BlockRange& range, std::uint32_t page_bytes, std::uint32_t most_bytes = kMaxPageBytes);

  std::optional<PagePart> next();
  std::uint64_t count() const;  // parts still to come

 private:
  std::uint64_t begin_, position_, end_;  // bytes
  std::uint32_t page_bytes_, piece_bytes_;
};

std::vector<PagePart> split(const BlockRange& range, std::uint32_t page_bytes,
                            std::uint32_t most_bytes = kMaxPageBytes);

}  // namespace shoal::routing
