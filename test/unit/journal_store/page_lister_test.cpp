#include "routing/journal_store/page_lister.h"

#include "test/unit/journal_store/many_leaves.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::test;

TEST_CASE("a list of pages in any number of leaves takes little of the stack") {
  ManyLeaves many;
  std::vector<StoredPage> pages;
  run_on_small_stack([&] {
    list_pages(many.ledger, kManyLeavesImage, {}, kManyLeaves, [&](auto listed) { pages = std::move(*listed); });
  });
  CHECK(pages.size() == kManyLeaves);
}
