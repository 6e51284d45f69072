#include "tools/node/page_runs.h"

#include <algorithm>

namespace shoal {
namespace {

void add_striped(std::vector<PageRun>& runs, const routing::PageMap& map, std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t stores = map.image().placement.stores.size();
  for (std::uint64_t first = begin; first < std::min(end, begin + stores); ++first) {
    runs.push_back({first, (end - first + stores - 1) / stores, stores, map.default_store(PageIndex{first})});
  }
}

void add_contiguous(std::vector<PageRun>& runs, const routing::PageMap& map, std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t stores = map.image().placement.stores.size();
  const std::uint64_t length = (map.page_count() + stores - 1) / stores;
  while (begin < end) {
    const std::uint64_t stop = std::min(end, (begin / length + 1) * length);
    runs.push_back({begin, stop - begin, 1, map.default_store(PageIndex{begin})});
    begin = stop;
  }
}

void add_default(std::vector<PageRun>& runs, const routing::PageMap& map, std::uint64_t begin, std::uint64_t end) {
  if (map.image().placement.rule == routing::PlacementRule::striped) return add_striped(runs, map, begin, end);
  add_contiguous(runs, map, begin, end);
}

void add_container(std::vector<PageRun>& runs, const routing::PageMap& map, std::uint64_t begin, std::uint64_t end) {
  const std::size_t before = runs.size();
  for (std::uint64_t page = begin; page < end; ++page) {
    const StoreId store = map.owner(PageIndex{page}).store;
    if (runs.size() > before && runs.back().store == store) {
      ++runs.back().count;
    } else {
      runs.push_back({page, 1, 1, store});
    }
  }
}

}  // namespace

std::vector<PageRun> runs_of(const routing::PageMap& map) {
  std::vector<PageRun> runs;
  std::uint64_t position = 0;
  for (const auto& [container, revision] : map.revisions()) {
    const std::uint64_t begin = container * routing::kPagesPerContainer;
    const std::uint64_t end = std::min(map.page_count(), begin + routing::kPagesPerContainer);
    add_default(runs, map, position, begin);
    add_container(runs, map, begin, end);
    position = end;
  }
  add_default(runs, map, position, map.page_count());
  return runs;
}

}  // namespace shoal
