// When a store's used share passes its threshold, and what is known of the room in the group.
#include "tools/node/space_threshold.h"

#include <catch2/catch.hpp>

#include "test/unit/tools/group_records.h"
#include "tools/node/allocation_desk.h"
#include "tools/node/group_space.h"

using namespace shoal;
using namespace shoal::test;

namespace {

routing::StoreSpace used(std::uint64_t bytes) { return {1000, bytes, 1000 - bytes}; }

}  // namespace

TEST_CASE("a threshold is passed once, and again only after the share was 5 points below") {
  SpaceThreshold threshold(80);
  CHECK_FALSE(threshold.passes(used(0)));
  CHECK_FALSE(threshold.passes(used(799)));
  CHECK(threshold.passes(used(800)));
  CHECK_FALSE(threshold.passes(used(900)));
  CHECK_FALSE(threshold.passes(used(750)));
  CHECK_FALSE(threshold.passes(used(850)));
  CHECK_FALSE(threshold.passes(used(749)));
  CHECK(threshold.passes(used(800)));
}

TEST_CASE("a store that is above the threshold from the beginning has passed it") {
  CHECK(SpaceThreshold(80).passes(used(1000)));
}

TEST_CASE("a low threshold comes down to nothing before it is passed again") {
  SpaceThreshold threshold(3);
  CHECK(threshold.passes(used(30)));
  CHECK_FALSE(threshold.passes(used(1)));
  CHECK_FALSE(threshold.passes(used(40)));
}

TEST_CASE("a store that does not know what it could hold passes nothing") {
  CHECK_FALSE(SpaceThreshold(1).passes({0, 1 << 30, 0}));
}

TEST_CASE("a pool is the sum of its stores, and as short as the fullest of them") {
  const KnownSpace known{{store(1), {1000, 100, 900}}, {store(2), {1000, 770, 230}}, {store(3), {0, 5, 0}}};
  CHECK(pool_space({store(1), store(2)}, known) == PoolSpace{870, 1130, 23});
  CHECK(pool_space({store(1)}, known) == PoolSpace{100, 900, 90});
  CHECK_FALSE(pool_space({store(1), store(3)}, known));
  CHECK_FALSE(pool_space({store(1), store(4)}, known));
}

TEST_CASE("what members say of their volumes is added up, and what they say wrongly counts nothing") {
  const auto sums =
      sum_of_allocations(nlohmann::json::parse(R"([[7,100],[8,5],[7,20],[9],[9,-1],"x",[9,"1"],[10,0]])"));
  CHECK(sums == std::map<ImageId, std::uint64_t>{{ImageId{7}, 120}, {ImageId{8}, 5}, {ImageId{10}, 0}});
}
