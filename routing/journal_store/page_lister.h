// The pages of an image of which anything is allocated.
#pragma once

#include <vector>

#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

// Pages from `from` on, at most `limit`, in order.
void list_pages(Ledger& ledger, ImageId image, PageIndex from, std::size_t limit,
                Completion<Result<std::vector<StoredPage>, StoreError>> done);

}  // namespace shoal::routing::journal
