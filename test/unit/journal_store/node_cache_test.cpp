#include "routing/journal_store/node_cache.h"

#include <catch2/catch.hpp>

#include "routing/journal_store/ledger.h"
#include "test/sim/world.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;

namespace {

struct CacheRig {
  explicit CacheRig(std::size_t cache_bytes) : ledger(device, {}, cache_bytes) {
    ledger.catalog.images[kImage].page_bytes = kMinPageBytes;
  }

  // How many nodes have changed when a checkpoint is asked for.
  std::size_t change_until_asked() {
    for (std::uint64_t leaf = 0; !ledger.cache.asks_for_checkpoint(); ++leaf) {
      ledger.cache.change(**ledger.trees.leaf_in_memory(kImage, leaf, IfAbsent::create));
    }
    return ledger.cache.dirty_count();
  }

  static constexpr ImageId kImage{7};
  sim::World world{1};
  Device device{world.add_host("a", {"10.0.0.1"}).runtime(), nullptr, "", Log()};
  Ledger ledger;
};

}  // namespace

TEST_CASE("a checkpoint is asked for when a quarter of a small cache has changed") {
  CacheRig rig(std::size_t{4} << 20);
  const std::size_t changed = rig.change_until_asked();
  CHECK(changed > rig.ledger.cache.limit() / 4);
  CHECK(changed <= rig.ledger.cache.limit() / 4 + kNodesOfOneLeaf);
}

TEST_CASE("a checkpoint is asked for when so many nodes have changed that taking them down is felt") {
  CacheRig rig(std::size_t{1} << 30);
  CHECK(rig.change_until_asked() <= kManyChangedNodes + kNodesOfOneLeaf);
}

TEST_CASE("of nodes that change, those without a place are counted") {
  CacheRig rig(std::size_t{4} << 20);
  NodeCache& cache = rig.ledger.cache;
  Node& leaf = **rig.ledger.trees.leaf_in_memory(CacheRig::kImage, 0, IfAbsent::create);
  {
    const ChangingLeaf changing(cache, NodePin(&leaf));
    CHECK(cache.unplaced_count() == 1);
    cache.change(leaf);
    CHECK(cache.unplaced_count() == 1);
    cache.move(leaf, {320});
    CHECK(cache.unplaced_count() == 0);
    cache.set_clean(leaf);
    CHECK(cache.changing_count() == 1);
  }
  CHECK(cache.changing_count() == 0);
  CHECK(cache.unplaced_count() == 0);
}
