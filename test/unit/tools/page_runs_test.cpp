#include "tools/node/page_runs.h"

#include <catch2/catch.hpp>
#include <set>

#include "test/unit/tools/group_records.h"

using namespace shoal;
using namespace shoal::test;
using routing::PlacementRule;

namespace {

// Every page once, with the owner that the map tells.
void check_covers(const routing::PageMap& map, const std::vector<PageRun>& runs) {
  std::set<std::uint64_t> seen;
  for (const PageRun& run : runs) {
    for (std::uint64_t i = 0; i < run.count; ++i) {
      const std::uint64_t page = run.first + i * run.step;
      REQUIRE(page < map.page_count());
      REQUIRE(seen.insert(page).second);
      REQUIRE(map.owner(PageIndex{page}).store == run.store);
    }
  }
  CHECK(seen.size() == map.page_count());
}

// Pages `from`..`to` of a container lie on one store.
routing::PageMap::Snapshot moved(const routing::PageMap& map, std::uint64_t index, std::size_t from, std::size_t to,
                                 StoreId where) {
  auto container = map.container(index);
  container.sets.push_back({where, {}, {}});
  for (std::size_t page = from; page < to; ++page) {
    container.pages[page].set = static_cast<std::uint8_t>(container.sets.size() - 1);
    container.pages[page].epoch = Epoch{2};
  }
  return *map.with_container(index, 5, encode(container));
}

}  // namespace

TEST_CASE("a striped map is one run a store, however many pages it has") {
  const auto map = map_of(100'000);
  const auto runs = runs_of(*map);
  REQUIRE(runs.size() == 3);
  CHECK(runs[0] == PageRun{0, 33'334, 3, store(1)});
  CHECK(runs[2] == PageRun{2, 33'333, 3, store(3)});
  check_covers(*map, runs);
}

TEST_CASE("a contiguous map is one run a store, the last one shorter") {
  const auto map = map_of(10, PlacementRule::contiguous);
  const auto runs = runs_of(*map);
  REQUIRE(runs.size() == 3);
  CHECK(runs[1] == PageRun{4, 4, 1, store(2)});
  CHECK(runs[2] == PageRun{8, 2, 1, store(3)});
  check_covers(*map, runs);
}

TEST_CASE("fewer pages than stores give no empty runs") {
  for (const auto rule : {PlacementRule::striped, PlacementRule::contiguous}) {
    const auto map = map_of(2, rule);
    CHECK(runs_of(*map).size() == 2);
    check_covers(*map, runs_of(*map));
  }
}

TEST_CASE("a container is told by its own runs, and the default placement goes on around it") {
  for (const auto rule : {PlacementRule::striped, PlacementRule::contiguous}) {
    const auto map = moved(*map_of(300, rule), 2, 10, 20, store(3));
    const auto runs = runs_of(*map);
    check_covers(*map, runs);
  }
}

TEST_CASE("containers at both ends leave no page out") {
  const auto map = moved(*moved(*map_of(130), 0, 0, 64, store(2)), 2, 0, 2, store(1));
  check_covers(*map, runs_of(*map));
}
