// A store that has nothing left: what is there can be read, written again and unmapped, and it opens whatever happens.
#include <algorithm>
#include <catch2/catch.hpp>

#include "routing/journal_store/node.h"
#include "test/unit/journal_store/journal_store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

// Each page has leaves of its own.
constexpr std::uint32_t kSparsePageBytes = 4u << 20;
constexpr std::uint32_t kBlockSize = 4096;
constexpr std::uint64_t kAtOnce = 64;

// With memory and journal for so many changes that only their nodes ask for a checkpoint.
struct SparseRig : JournalStoreRig {
  SparseRig() {
    config.capacity_bytes = 1280 * kChunkBytes;
    config.journal_bytes = 256 * kChunkBytes;
    config.cache_bytes = 64u << 20;
    open();
    if (describe(7, "a volume", kSparsePageBytes)) throw std::runtime_error("an image was not described");
  }

  // A block of each page, many at once, until the store is full. How many there are from the first one on.
  std::uint64_t fill() {
    for (std::uint64_t page = 0;; page += kAtOnce) {
      std::vector<StoreDone> writes;
      for (std::uint64_t i = 0; i < kAtOnce; ++i) {
        writes.push_back(start(data_record(page_of(7, page + i), 0, filled(kBlockSize, value_of(page + i)))));
      }
      for (std::uint64_t i = 0; i < kAtOnce; ++i) {
        const auto refused = wait(writes[i]);
        if (refused && *refused != StoreError::no_space) throw std::runtime_error("a write failed");
        if (refused) return page + i;
      }
    }
  }
  static int value_of(std::uint64_t page) { return static_cast<int>(1 + page % 255); }
  bool has(std::uint64_t page, int value) {
    return read(page_of(7, page), 0, kBlockSize) == std::string(kBlockSize, static_cast<char>(value));
  }
  bool has_all(std::uint64_t pages) {
    for (std::uint64_t page = 0; page < pages; ++page) {
      if (!has(page, value_of(page))) return false;
    }
    return true;
  }
  // Whole chunks, until the store is full. A page of each leaf that they have.
  std::vector<PageId> fill_densely(std::uint64_t image) {
    if (describe(image, "dense", kChunkBytes)) throw std::runtime_error("an image was not described");
    std::vector<PageId> leaves;
    for (std::uint64_t page = 0;; ++page) {
      if (write(page_of(image, page), 0, kChunkBytes, 'd')) return leaves;
      if (page % journal::kChunksPerLeaf == 0) leaves.push_back(page_of(image, page));
    }
  }
  void reopen() {
    close();
    open();
  }
};

}  // namespace

TEST_CASE("a store that a sparse image has filled closes, opens, and has all that it took") {
  SparseRig rig;
  const std::uint64_t pages = rig.fill();
  CHECK(pages > 700);
  rig.reopen();
  CHECK(rig.has_all(pages));
  CHECK(rig.write(page_of(7, pages), 0, kBlockSize, 'x') == StoreError::no_space);
  rig.kill();
  rig.open();
  CHECK(rig.has_all(pages));
}

TEST_CASE("a store that is killed when a sparse image has filled it opens") {
  SparseRig rig;
  const std::uint64_t pages = rig.fill();
  rig.kill();
  rig.open();
  CHECK(rig.has_all(pages));
  rig.crash();
  rig.open();
  CHECK(rig.has_all(pages));
}

TEST_CASE("what a full store has can be written again, as often as one likes") {
  SparseRig rig;
  const std::uint64_t pages = rig.fill();
  SeededRandom random(3);
  for (unsigned i = 0; i < 1000; ++i) {
    const std::uint64_t page = random.below(pages);
    if (rig.write(page_of(7, page), 0, kBlockSize, SparseRig::value_of(page)).has_value()) {
      FAIL("page " << page << " was refused");
    }
  }
  rig.reopen();
  CHECK(rig.has_all(pages));
}

TEST_CASE("many writes of what a full store has are taken at once") {
  SparseRig rig;
  const std::uint64_t pages = rig.fill();
  std::vector<StoreDone> writes;
  for (std::uint64_t page = 0; page < pages; ++page) {
    writes.push_back(rig.start(data_record(page_of(7, page), 0, filled(kBlockSize, SparseRig::value_of(page + 1)))));
  }
  for (const StoreDone& write : writes) CHECK_FALSE(rig.wait(write).has_value());
  rig.kill();
  rig.open();
  CHECK(rig.has(0, SparseRig::value_of(1)));
  CHECK(rig.has(pages - 1, SparseRig::value_of(pages)));
}

TEST_CASE("unmapping a full store makes room for as much again, in whatever order") {
  SparseRig rig;
  const std::uint64_t pages = rig.fill();
  for (unsigned round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < pages; ++i) {
      const std::uint64_t page = i * 7919 % pages;
      CHECK_FALSE(rig.clear(page_of(7, page), 0, kSparsePageBytes).has_value());
      if (i % 100 == 0) {
        rig.kill();
        rig.open();
      }
    }
    CHECK(rig.has(0, 0));
    CHECK(rig.fill() + kAtOnce > pages);
  }
  rig.reopen();
  CHECK(rig.has_all(pages - kAtOnce));
}

TEST_CASE("an image that fills a store is dropped, and its chunks are there again") {
  SparseRig rig;
  const std::uint64_t free = rig.free_chunks();
  rig.fill();
  CHECK_FALSE(rig.drop(7).has_value());
  CHECK(rig.run_until([&] { return rig.free_chunks() + 200 > free; }));  // but for nodes that no checkpoint has freed
  rig.reopen();
  CHECK(rig.run_until([&] { return rig.free_chunks() + 20 > free; }));
}

TEST_CASE("promises and notes do not fill a store so that it does not open") {
  SparseRig rig;
  rig.fill();
  std::uint64_t taken = 0;
  for (std::uint64_t image = 8; image < 100; ++image) {
    if (!rig.describe(image, std::string(100'000, 'n'))) ++taken;
  }
  for (std::uint64_t page = 0; page < 5000; ++page) {
    if (rig.promise(page_of(7, page), 5) == StoreError::no_space) break;
  }
  CHECK(taken < 92);
  rig.reopen();
  CHECK(rig.store->images().size() == taken + 1);
}

TEST_CASE("a full store whose nodes are scattered has room for all of them, however they change") {
  const auto [kept, descending] = GENERATE(std::pair(1u, false), std::pair(2u, false), std::pair(2u, true));
  SparseRig rig;
  const std::uint64_t pages = rig.fill();
  for (std::uint64_t page = 0; page < pages; ++page) {
    if (page % 16 >= kept) REQUIRE_FALSE(rig.clear(page_of(7, page), 0, kSparsePageBytes).has_value());
  }
  rig.reopen();
  const std::vector<PageId> dense = rig.fill_densely(8);
  CHECK(rig.free_chunks() == 0);
  std::vector<PageId> changed;
  for (std::uint64_t page = 0; page < pages; ++page) {
    if (page % 16 < kept) changed.push_back(page_of(7, page));
  }
  changed.insert(changed.end(), dense.begin(), dense.end());
  if (descending) std::reverse(changed.begin(), changed.end());
  for (const PageId& page : changed) REQUIRE_FALSE(rig.write(page, 0, kBlockSize, 'c').has_value());
  SECTION("in a checkpoint") { rig.reopen(); }
  SECTION("in that of the next start") {
    rig.kill();
    rig.open();
  }
  for (const PageId& page : changed) CHECK(rig.read(page, 0, 1) == "c");
}

TEST_CASE("changes wait for a checkpoint when there are more of them than the cache may hold") {
  SparseRig rig;
  rig.store.reset();
  rig.config.cache_bytes = 64 * 4352;
  rig.open();
  std::vector<StoreDone> writes;
  for (std::uint64_t page = 0; page < 300; ++page) {
    writes.push_back(rig.start(data_record(page_of(7, page), 0, filled(kBlockSize, SparseRig::value_of(page)))));
  }
  for (const StoreDone& write : writes) CHECK_FALSE(rig.wait(write).has_value());
  CHECK(rig.has_all(300));
}

TEST_CASE("who has waited for memory still waits for the room that a checkpoint makes") {
  const auto others = GENERATE(125u, 130u, 135u);
  SparseRig rig;
  const std::uint64_t pages = rig.fill();
  rig.store.reset();
  rig.config.cache_bytes = 64 * 4352;
  rig.open();
  for (std::uint64_t page = 0; page < 3; ++page) {
    REQUIRE_FALSE(rig.clear(page_of(7, page), 0, kSparsePageBytes).has_value());
  }
  rig.reopen();
  for (std::uint64_t page = 201; rig.free_chunks() > 1; ++page) {
    REQUIRE_FALSE(rig.write(page_of(7, page), kChunkBytes, kBlockSize, 'f').has_value());
  }
  rig.reopen();
  REQUIRE(rig.free_chunks() == 1);
  std::vector<StoreDone> writes;
  for (std::uint64_t page = 10; page < 10 + others; ++page) {
    writes.push_back(rig.start(data_record(page_of(7, page), 0, filled(kBlockSize, 'c'))));
  }
  writes.push_back(rig.start(data_record(page_of(7, 200), kChunkBytes, filled(kBlockSize, 'f'))));
  for (const StoreDone& write : writes) CHECK_FALSE(rig.wait(write).has_value());
  CHECK(pages > 210);
}

TEST_CASE("something new waits for what a dropped image gives back") {
  SparseRig rig;
  REQUIRE_FALSE(rig.describe(8, "another volume", kSparsePageBytes).has_value());
  rig.fill();
  rig.reopen();
  REQUIRE(rig.write(page_of(8, 0), 0, kBlockSize, 'n') == StoreError::no_space);
  REQUIRE_FALSE(rig.drop(7).has_value());
  CHECK_FALSE(rig.write(page_of(8, 0), 0, kBlockSize, 'n').has_value());
}

TEST_CASE("something new waits for the chunk that another one is about to replace") {
  SparseRig rig;
  rig.fill_densely(8);
  REQUIRE_FALSE(rig.clear(page_of(8, 0), 0, kChunkBytes).has_value());
  rig.reopen();
  REQUIRE(rig.free_chunks() == 1);
  REQUIRE(rig.read(page_of(8, 1), 0, 1) == "d");
  rig.disk().set_latency(1s, 1s);  // longer than a checkpoint of what comes then
  const StoreDone replaces = rig.start(data_record(page_of(8, 1), 0, filled(kChunkBytes, 'r')));
  REQUIRE(rig.free_chunks() == 0);
  rig.disk().set_latency(20us, 200us);
  const StoreDone waits = rig.start(data_record(page_of(8, 0), 0, filled(kBlockSize, 'w')));
  CHECK_FALSE(rig.wait(replaces).has_value());
  CHECK_FALSE(rig.wait(waits).has_value());
  CHECK(rig.read(page_of(8, 0), 0, 1) == "w");
}

TEST_CASE("a full store refuses what is new, however much of what it has is written again meanwhile") {
  SparseRig rig;
  const std::uint64_t pages = rig.fill();
  const StoreDone refused = rig.start(data_record(page_of(7, pages), 0, filled(kBlockSize, 'n')));
  std::uint64_t written = 0;
  for (; !refused.has() && written < 2 * pages; ++written) {
    REQUIRE_FALSE(rig.write(page_of(7, written % pages), 0, kBlockSize, 'c').has_value());
  }
  REQUIRE(refused.has());
  CHECK(refused.error() == StoreError::no_space);
}

TEST_CASE("something new waits for a chunk that was cleared while it goes home") {
  constexpr std::uint64_t kPages = 100;
  SparseRig rig;
  rig.fill_densely(8);
  rig.reopen();
  REQUIRE(rig.free_chunks() == 0);
  for (std::uint64_t page = 0; !rig.store->activity().checkpointing; ++page) {
    REQUIRE_FALSE(rig.write(page_of(8, page % kPages), 0, kBlockSize, 'h').has_value());
  }
  CHECK_FALSE(rig.clear(page_of(8, kPages - 1), 0, kChunkBytes).has_value());
  REQUIRE(rig.store->activity().checkpointing);
  CHECK_FALSE(rig.write(page_of(8, kPages - 1), 0, kBlockSize, 'w').has_value());
}
