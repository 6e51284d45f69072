#include "routing/journal_store/page_lister.h"

#include <pthread.h>
#include <catch2/catch.hpp>

#include "test/sim/world.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;

namespace {

constexpr ImageId kImage{7};
constexpr std::uint64_t kLeaves = 3000;
constexpr std::size_t kStackBytes = 256 * 1024;  // not enough for a call of anything for each of them

// An image with one chunk in each of many leaves, all in memory.
struct Listed {
  Listed() {
    ledger.catalog.images[kImage].page_bytes = kChunkBytes;
    for (std::uint64_t leaf = 0; leaf < kLeaves; ++leaf) {
      const auto pin = ledger.trees.leaf_in_memory(kImage, leaf, IfAbsent::create);
      set_chunk_entry(ledger.cache.change(**pin), 0, {.chunk = {100}, .written = 1});
    }
  }
  static void* list(void* self) {
    Listed& listed = *static_cast<Listed*>(self);
    list_pages(listed.ledger, kImage, {}, kLeaves, [&](auto pages) { listed.pages = std::move(*pages); });
    return nullptr;
  }

  sim::World world{1};
  Device device{world.add_host("a", {"10.0.0.1"}).runtime(), nullptr, "", Log()};
  Ledger ledger{device, {}, std::size_t{64} << 20};
  std::vector<StoredPage> pages;
};

}  // namespace

TEST_CASE("a list of pages in any number of leaves takes little of the stack") {
  Listed listed;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  REQUIRE(pthread_attr_setstacksize(&attributes, kStackBytes) == 0);
  pthread_t thread{};
  REQUIRE(pthread_create(&thread, &attributes, &Listed::list, &listed) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  CHECK(listed.pages.size() == kLeaves);
}
