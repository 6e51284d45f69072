#include "routing/journal_store/page_lister.h"

#include <memory>
#include <utility>

namespace shoal::routing::journal {
namespace {

struct Listing : std::enable_shared_from_this<Listing> {
  Ledger& ledger;
  ImageId image;
  std::uint64_t chunks_per_page;
  std::uint64_t first_chunk;
  std::size_t limit;
  Completion<Result<std::vector<StoredPage>, StoreError>> done;
  std::uint64_t leaf;
  bool asking = false, answered = false, ended = false;
  std::vector<StoredPage> pages;

  Listing(Ledger& ledger_, ImageId image_, const StoredImage& stored, PageIndex from, std::size_t limit_,
          Completion<Result<std::vector<StoredPage>, StoreError>> done_)
      : ledger(ledger_),
        image(image_),
        chunks_per_page(stored.page_bytes / kChunkBytes),
        first_chunk(from.value * chunks_per_page),
        limit(limit_),
        done(std::move(done_)),
        leaf(first_chunk / kChunksPerLeaf) {}

  // A loop over leaves that are in memory, however many they are; what has to be read begins it anew.
  void go_on() {
    while (!ended) {
      answered = false;
      asking = true;
      ledger.trees.next_leaf(image, leaf,
                             [self = shared_from_this()](Result<std::pair<std::uint64_t, NodePin>, StoreError> found) {
                               self->on_leaf(std::move(found));
                               if (!self->asking) self->go_on();
                             });
      asking = false;
      if (!answered) return;
    }
  }

  void on_leaf(Result<std::pair<std::uint64_t, NodePin>, StoreError> found) {
    answered = true;
    if (found && found->second && take(found->first, *found->second)) {
      leaf = found->first + 1;
      return;
    }
    ended = true;
    found ? done(std::move(pages)) : done(found.error());
  }

  // False: there are as many as were asked for.
  bool take(std::uint64_t leaf, const Node& node) {
    for (std::uint32_t slot = 0; slot < kChunksPerLeaf; ++slot) {
      const std::uint64_t chunk = leaf * kChunksPerLeaf + slot;
      if (chunk < first_chunk || chunk_entry(node.view(), slot).chunk.value == 0) continue;
      const PageIndex page{chunk / chunks_per_page};
      if (pages.empty() || pages.back().index != page) {
        if (pages.size() == limit) return false;
        pages.push_back({page, 0});
      }
      pages.back().allocated_bytes += kChunkBytes;
    }
    return true;
  }
};

}  // namespace

void list_pages(Ledger& ledger, ImageId image, PageIndex from, std::size_t limit,
                Completion<Result<std::vector<StoredPage>, StoreError>> done) {
  const StoredImage* stored = ledger.live_image(image);
  if (!stored || limit == 0) return done(std::vector<StoredPage>{});
  const auto listing = std::make_shared<Listing>(ledger, image, *stored, from, limit, std::move(done));
  listing->go_on();
}

}  // namespace shoal::routing::journal
