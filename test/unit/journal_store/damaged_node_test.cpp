// What a store says of damage, while it runs and when it is opened.
#include <catch2/catch.hpp>

#include "test/unit/journal_store/damaged_store.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

TEST_CASE("a damaged node is told and counted once, however much is asked of what is below it") {
  DamagedStore rig;
  rig.close();
  rig.flip(rig.root_of_image() + 100);
  std::vector<std::string> told;
  rig.log = Log(LogLevel::error, [&told](LogLevel, std::string_view line) { told.emplace_back(line); });
  rig.open();
  for (const PageId& page : {kPage, kOther}) {
    for (std::uint32_t offset = 0; offset < kRigPageBytes; offset += kChunkBytes) {
      CHECK(rig.read(page, offset, kBlock) == to_string(StoreError::medium_error));
    }
  }
  REQUIRE(told.size() == 1);
  CHECK_THAT(told.front(), Catch::Contains("store_node_damaged"));
  CHECK(rig.store->figures().damaged_nodes == 1);
}

TEST_CASE("a store whose superblocks became zeros is not taken for a new device") {
  DamagedStore rig;
  rig.close();
  std::string content = rig.bytes();
  std::fill_n(content.begin(), kSuperblockBytes, '\0');
  rig.replace(content);
  CHECK_THAT(rig.try_open(), Catch::Contains("Nothing was changed"));
  CHECK(rig.bytes() == content);
  std::fill_n(content.begin(), 1 << 20, '\0');
  rig.replace(content);
  rig.open();
  CHECK(rig.store->images().empty());
}
