#include "routing/journal_store/check/data_check.h"

#include "test/unit/journal_store/many_leaves.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::test;

TEST_CASE("data that are only in the journal are passed over with little of the stack, in any number of leaves") {
  ManyLeaves many;
  MutableByteSpan bytes;
  const Slice data = aligned_slice(kBlock, bytes);
  for (std::uint64_t leaf = 0; leaf < kManyLeaves; ++leaf) {
    many.ledger.overlay.put({kManyLeavesImage, leaf * kChunksPerLeaf}, {100}, 0, data);
  }
  std::vector<Finding> findings;
  int done = 0;
  run_on_small_stack([&] {
    std::make_shared<DataCheck>(many.device, many.ledger, findings, [](std::uint64_t) {})->run([&] { ++done; });
  });
  CHECK(done == 1);
  CHECK(findings.empty());
}
