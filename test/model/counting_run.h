// Many initiators at once count with COMPARE AND WRITE: each reads the counter, and replaces it by the next number if
// it is still the same. No increment may be lost. One counter lies in one block, one in two blocks on both sides of a
// border of pages; readers look on: a counter never goes backwards.
#pragma once

#include <string>
#include <vector>

#include "test/model/journal.h"

namespace model {

struct Counted {
  std::uint64_t increments = 0, miscompares = 0, reads = 0;
};

// `increments`: by each initiator, of each counter. Throws Difference, Broken.
Counted count_together(const std::vector<std::string>& urls, int initiators, std::uint64_t increments,
                       std::uint64_t page_blocks, std::uint64_t seed, Journal& journal);

}  // namespace model
