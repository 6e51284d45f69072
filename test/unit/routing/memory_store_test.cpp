// Pages in memory.
#include "routing/memory_store.h"

#include <catch2/catch.hpp>

#include "routing/zero_bytes.h"
#include "test/unit/routing/store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

struct Store {
  SeededRandom random{1};
  MemoryStore store;
  explicit Store(std::uint64_t capacity = ~std::uint64_t{0}) : store(random, capacity) {}

  StoreOutcome apply(PageRecord record) {
    StoreDone done;
    store.apply(batch_of(std::move(record)), Durability::applied, done.taker());
    return done.error();
  }
  ReadAnswer read(const PageId& page, std::uint32_t offset, std::uint32_t length) {
    ReadAnswer answer;
    store.read(page, offset, length, [&](auto result) { answer = std::move(*result); });
    return answer;
  }
  std::string text(const PageId& page, std::uint32_t offset, std::uint32_t length) {
    return text_of(read(page, offset, length).data);
  }
};

const PageId kPage = page_of(7, 0);

}  // namespace

TEST_CASE("what was never written reads as zeros and takes no memory") {
  Store s;
  CHECK(s.text(kPage, 4096, 8192) == std::string(8192, '\0'));
  CHECK(s.store.allocated_bytes() == 0);
  CHECK(total_size(s.read(kPage, 0, 2 * kZeroSliceBytes + 512).data) == 2 * kZeroSliceBytes + 512);
}

TEST_CASE("a write takes the chunks that it touches, and the rest of them reads as zeros") {
  Store s;
  CHECK_FALSE(s.apply(data_record(kPage, kChunkBytes - 512, filled(1024, 'a'))));
  CHECK(s.store.allocated_bytes() == 2 * kChunkBytes);
  CHECK(s.text(kPage, kChunkBytes - 1024, 2048) ==
        std::string(512, '\0') + std::string(1024, 'a') + std::string(512, '\0'));
}

TEST_CASE("unmapping or zeroing a whole chunk frees it; a part of one is only cleared") {
  Store s;
  s.apply(data_record(kPage, 0, filled(3 * kChunkBytes, 'a')));
  CHECK_FALSE(s.apply(clear_record(RecordKind::unmap, kPage, 512, kChunkBytes)));
  CHECK(s.store.allocated_bytes() == 3 * kChunkBytes);
  CHECK(s.text(kPage, 0, 1024) == std::string(512, 'a') + std::string(512, '\0'));
  CHECK_FALSE(s.apply(clear_record(RecordKind::zero, kPage, kChunkBytes, kChunkBytes)));
  CHECK(s.store.allocated_bytes() == 2 * kChunkBytes);
  CHECK(allocation(s.store, kPage, 512, 3 * kChunkBytes) ==
        std::vector<AllocationRange>{{512, kChunkBytes - 512, true},
                                     {kChunkBytes, kChunkBytes, false},
                                     {2 * kChunkBytes, kChunkBytes, true},
                                     {3 * kChunkBytes, 512, false}});
}

TEST_CASE("a full store says so and goes on with what it has") {
  Store s(kChunkBytes);
  CHECK_FALSE(s.apply(data_record(kPage, 0, filled(512, 'a'))));
  CHECK(s.apply(data_record(kPage, kChunkBytes, filled(512, 'b'))) == StoreError::no_space);
  CHECK_FALSE(s.apply(data_record(kPage, 512, filled(512, 'c'))));
  CHECK_FALSE(s.apply(clear_record(RecordKind::unmap, kPage, 0, kChunkBytes)));
  CHECK_FALSE(s.apply(data_record(kPage, kChunkBytes, filled(512, 'b'))));
}

TEST_CASE("a write that does not fit leaves nothing behind, not even the place for a page") {
  Store s(kChunkBytes);
  CHECK(s.apply(data_record(kPage, 512, filled(kChunkBytes, 'a'))) == StoreError::no_space);
  CHECK(s.store.allocated_bytes() == 0);
  CHECK(s.store.images().empty());
  CHECK_FALSE(s.apply(data_record(kPage, 0, filled(kChunkBytes, 'a'))));
}

TEST_CASE("a large read shares the chunks, and a later write does not change what was read") {
  Store s;
  s.apply(data_record(kPage, 0, filled(2 * kChunkBytes, 'a')));
  const ReadAnswer before = s.read(kPage, 0, 2 * kChunkBytes);
  const ReadAnswer again = s.read(kPage, 0, kChunkBytes);
  CHECK(before.data[0].bytes().data() == again.data[0].bytes().data());
  s.apply(data_record(kPage, 512, filled(512, 'b')));
  s.apply(clear_record(RecordKind::unmap, kPage, kChunkBytes, kChunkBytes));
  CHECK(text_of(before.data) == std::string(2 * kChunkBytes, 'a'));
  CHECK(s.text(kPage, 0, 1536) == std::string(512, 'a') + std::string(512, 'b') + std::string(512, 'a'));
  CHECK(s.store.allocated_bytes() == kChunkBytes);
}

TEST_CASE("a read tells the newest version of its range") {
  Store s;
  auto record = data_record(kPage, 0, filled(512, 'a'));
  record.version = {Epoch{2}, 9};
  s.apply(std::move(record));
  CHECK(s.read(kPage, 0, 2 * kChunkBytes).version == Version{Epoch{2}, 9});
  CHECK(s.read(kPage, kChunkBytes, 512).version == Version{});
  CHECK(versions_since(s.store, kPage, {Epoch{2}, 8}) == std::vector<VersionedRange>{{0, kChunkBytes, {Epoch{2}, 9}}});
  CHECK(versions_since(s.store, kPage, {Epoch{2}, 9}).empty());
}

TEST_CASE("a record below the promised epoch is stale") {
  Store s;
  StoreDone promised, again;
  s.store.promise(kPage, Epoch{3}, promised.taker());
  s.store.promise(kPage, Epoch{3}, again.taker());
  CHECK(promised.ok());
  CHECK(again.error() == StoreError::stale);
  CHECK(s.store.promised(kPage) == Epoch{3});
  CHECK(s.apply(data_record(kPage, 0, filled(512, 'a'))) == StoreError::stale);
  CHECK(s.store.allocated_bytes() == 0);
}

TEST_CASE("a promise in a batch counts before the data of the batch") {
  Store s;
  std::vector<PageRecord> batch;
  batch.push_back(data_record(kPage, 0, filled(512, 'a')));
  batch.push_back({.kind = RecordKind::promise, .page = kPage, .version = {Epoch{2}, 0}});
  StoreDone done;
  s.store.apply(std::move(batch), Durability::applied, done.taker());
  CHECK(done.error() == StoreError::stale);
}

TEST_CASE("a void clears its range once for each attempt") {
  Store s;
  s.apply(data_record(kPage, 0, filled(1024, 'a')));
  StoreDone first, again;
  s.store.void_copy(kPage, 0, 512, kFirstEpoch, 1, first.taker());
  s.store.void_copy(kPage, 0, 1024, kFirstEpoch, 1, again.taker());
  CHECK(first.ok());
  CHECK(again.error() == StoreError::stale);
  CHECK(s.text(kPage, 0, 1024) == std::string(512, '\0') + std::string(512, 'a'));
}

TEST_CASE("the newest fence of each nexus is kept, in order") {
  Store s;
  for (const auto& [nexus, generation] : {std::pair{2, 5}, {1, 9}, {2, 7}, {2, 6}}) {
    StoreDone done;
    s.store.fence(
        {ImageId{7}, nexus_id(static_cast<std::uint8_t>(nexus)), Generation{static_cast<std::uint64_t>(generation)}},
        Durability::durable, done.taker());
    CHECK(done.ok());
  }
  CHECK(s.store.fences() ==
        std::vector<Fence>{{ImageId{7}, nexus_id(1), Generation{9}}, {ImageId{7}, nexus_id(2), Generation{7}}});
}

TEST_CASE("dropping an image takes its pages, promises and fences, and nothing of another") {
  Store s;
  s.apply(data_record(kPage, 0, filled(512, 'a')));
  s.apply(data_record(page_of(8, 5), 0, filled(512, 'b')));
  StoreDone fenced, promised, dropped;
  s.store.fence({ImageId{7}, nexus_id(1), Generation{9}}, Durability::durable, fenced.taker());
  s.store.promise(kPage, Epoch{4}, promised.taker());
  CHECK(s.store.images() == std::vector<ImageId>{ImageId{7}, ImageId{8}});
  s.store.drop_image(ImageId{7}, dropped.taker());
  CHECK(dropped.ok());
  CHECK(s.store.images() == std::vector<ImageId>{ImageId{8}});
  CHECK(s.store.image_bytes(ImageId{7}) == 0);
  CHECK(s.store.fences().empty());
  CHECK(s.store.promised(kPage) == Epoch{});
  CHECK(s.store.allocated_bytes() == kChunkBytes);
  CHECK(list(s.store, ImageId{8}) == std::vector<StoredPage>{{PageIndex{5}, kChunkBytes}});
}

TEST_CASE("a memory store tells what it holds, what it has room for, and of which pages a part at a time") {
  Store s(4 * kChunkBytes);
  for (std::uint64_t page : {5, 1, 3}) s.apply(data_record(page_of(7, page), 0, filled(512, 'a')));
  CHECK(s.store.space() == StoreSpace{4 * kChunkBytes, 3 * kChunkBytes, kChunkBytes});
  CHECK(Store().store.space() == StoreSpace{});
  s.apply(data_record(page_of(8, 0), 0, filled(512, 'a')));
  CHECK(s.store.image_bytes(ImageId{7}) == 3 * kChunkBytes);
  CHECK(s.store.image_bytes(ImageId{8}) == kChunkBytes);
  s.apply(clear_record(RecordKind::unmap, page_of(7, 5), 0, kChunkBytes));
  CHECK(s.store.image_bytes(ImageId{7}) == 2 * kChunkBytes);
  s.apply(data_record(page_of(7, 5), 0, filled(512, 'a')));
  CHECK(list(s.store, ImageId{7}, PageIndex{2}) ==
        std::vector<StoredPage>{{PageIndex{3}, kChunkBytes}, {PageIndex{5}, kChunkBytes}});
  CHECK(list(s.store, ImageId{7}, PageIndex{0}, 1) == std::vector<StoredPage>{{PageIndex{1}, kChunkBytes}});
}

TEST_CASE("an image that is described is one of the store's until it is dropped") {
  Store s;
  CHECK(s.store.image_note(ImageId{7}) == std::nullopt);
  CHECK(describe(s.store, ImageId{7}, {65536, "first"}).ok());
  CHECK(describe(s.store, ImageId{7}, {65536, "second"}).ok());
  CHECK(s.store.image_note(ImageId{7}) == ImageNote{65536, "second"});
  CHECK(s.store.images() == std::vector<ImageId>{ImageId{7}});
  StoreDone dropped;
  s.store.drop_image(ImageId{7}, dropped.taker());
  CHECK(s.store.image_note(ImageId{7}) == std::nullopt);
  CHECK(s.store.images().empty());
}

TEST_CASE("each memory store is another store") {
  SeededRandom random(1);
  MemoryStore a(random), b(random);
  CHECK(a.id() != b.id());
  CHECK_FALSE(a.id().is_zero());
}

TEST_CASE(
    "a memory store is equal to arrays, whatever is written, zeroed and unmapped, while old reads stay as they were") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRandom random(seed);
    Store s;
    ModelPages model;
    std::deque<std::pair<ReadAnswer, std::string>> kept;
    for (int step = 0; step < 200; ++step) {
      PageRecord record = random_record(random);
      const PageId page = record.page;
      model.apply(record);
      REQUIRE_FALSE(s.apply(std::move(record)));
      ReadAnswer whole = s.read(page, 0, ModelPages::kPageBytes);
      REQUIRE(text_of(whole.data) == model[page]);
      kept.emplace_back(std::move(whole), model[page]);
      if (kept.size() > 5) kept.pop_front();
      for (const auto& [answer, expected] : kept) REQUIRE(text_of(answer.data) == expected);
    }
  }
}
