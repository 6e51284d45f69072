// A page map as runs: few lines for a map of any size. Default placement is told by its rule, containers page by page.
#pragma once

#include <cstdint>
#include <vector>

#include "routing/page_map.h"

namespace shoal {

struct PageRun {  // pages first, first + step, ... : `count` of them
  std::uint64_t first = 0, count = 0, step = 1;
  StoreId store;
  bool operator==(const PageRun&) const = default;
};

// Every page is in exactly one run.
std::vector<PageRun> runs_of(const routing::PageMap& map);

}  // namespace shoal
