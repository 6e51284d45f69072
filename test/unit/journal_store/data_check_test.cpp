#include "routing/journal_store/check/data_check.h"

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

// An image with one block in each of many leaves, all of whose data are only in the journal.
struct Checked {
  Checked() {
    ledger.catalog.images[kImage].page_bytes = kChunkBytes;
    MutableByteSpan bytes;
    const Slice data = aligned_slice(kBlock, bytes);
    for (std::uint64_t leaf = 0; leaf < kLeaves; ++leaf) {
      const auto pin = ledger.trees.leaf_in_memory(kImage, leaf, IfAbsent::create);
      set_chunk_entry(ledger.cache.change(**pin), 0, {.chunk = {100}, .written = 1});
      ledger.overlay.put({kImage, leaf * kChunksPerLeaf}, {100}, 0, data);
    }
  }
  static void* check(void* self) {
    Checked& checked = *static_cast<Checked*>(self);
    std::make_shared<DataCheck>(checked.device, checked.ledger, checked.findings, [](std::uint64_t) {})->run([&] {
      ++checked.done;
    });
    return nullptr;
  }

  sim::World world{1};
  Device device{world.add_host("a", {"10.0.0.1"}).runtime(), nullptr, "", Log()};
  Ledger ledger{device, {}, std::size_t{64} << 20};
  std::vector<Finding> findings;
  int done = 0;
};

}  // namespace

TEST_CASE("data that are only in the journal are passed over with little of the stack, in any number of leaves") {
  Checked checked;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  REQUIRE(pthread_attr_setstacksize(&attributes, kStackBytes) == 0);
  pthread_t thread{};
  REQUIRE(pthread_create(&thread, &attributes, &Checked::check, &checked) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  CHECK(checked.done == 1);
  CHECK(checked.findings.empty());
}
