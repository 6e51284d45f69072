// The journal store: content, what a crash leaves of it, full stores, failing devices.
#include "routing/journal_store/journal_store.h"

#include <catch2/catch.hpp>
#include <map>

#include "routing/journal_store/file_system_margin.h"
#include "routing/journal_store/superblock_set.h"
#include "test/unit/journal_store/journal_store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

const PageId kPage = page_of(7, 0), kOther = page_of(7, 1), kFar = page_of(7, 100'000);
constexpr std::uint32_t kBlock = 4096;

std::string text(std::size_t bytes, char value) { return std::string(bytes, value); }

}  // namespace

// ---- identity -------------------------------------------------------------------------------------------------------

TEST_CASE("a store is made in an absent file, and is the same store when it is opened again") {
  JournalStoreRig rig;
  rig.open();
  const StoreId id = rig.store->id();
  CHECK_FALSE(id.is_zero());
  rig.close();
  rig.open();
  CHECK(rig.store->id() == id);
}

TEST_CASE("a store that is killed while it is made is made anew") {
  for (int events = 0; events < 60; ++events) {
    JournalStoreRig rig(static_cast<std::uint64_t>(events));
    rig.opening = JournalStore::open(rig.host.runtime(), rig.config, {}, [&](auto opened) {
      if (opened) rig.store = std::move(*opened);
    });
    for (int i = 0; i < events; ++i) rig.world.step();
    rig.crash();
    rig.open_with_image();
    CHECK_FALSE(rig.write(kPage, 0, kBlock, 'a').has_value());
  }
}

TEST_CASE("what is no store is left alone") {
  JournalStoreRig rig;
  REQUIRE(rig.host.runtime().make_directories("/data").has_value());
  REQUIRE(rig.host.runtime().replace_whole("/data/store", text(200'000, 'x')).has_value());
  CHECK_THAT(rig.try_open(), Catch::Contains("/data/store") && Catch::Contains("something else"));
  CHECK(rig.disk().content("/data/store") == text(200'000, 'x'));
}

TEST_CASE("a store that whoever opens it does not admit is left as it is") {
  JournalStoreRig rig;
  rig.open();
  const StoreId id = rig.store->id();
  const std::uint64_t checkpoint = rig.store->figures().checkpoint;
  rig.crash();
  const std::string before = rig.disk().content(rig.config.path);
  rig.config.admit = [&](const StoreId& store, std::uint64_t newest) -> Result<void, std::string> {
    CHECK(store == id);
    CHECK(newest == checkpoint);
    return std::string("not this one");
  };
  CHECK_THAT(rig.try_open(), Catch::Contains("/data/store: not this one"));
  CHECK(rig.disk().content(rig.config.path) == before);
  rig.config.admit = [](auto&&...) -> Result<void, std::string> { return {}; };
  rig.open();
  CHECK(rig.store->figures().checkpoint > checkpoint);
}

// ---- content --------------------------------------------------------------------------------------------------------

TEST_CASE("what was never written reads as zeros") {
  JournalStoreRig rig;
  rig.open_with_image();
  CHECK(rig.read(kPage, 512, 1024) == text(1024, 0));
  CHECK(rig.read(kFar, 0, kRigPageBytes) == text(kRigPageBytes, 0));
}

TEST_CASE("small writes, parts of blocks and whole chunks read back") {
  JournalStoreRig rig;
  rig.open_with_image();
  ModelPages model;
  SeededRandom random(3);
  for (int i = 0; i < 400; ++i) {
    const PageId page = random.below(2) ? kPage : kFar;
    const auto offset = static_cast<std::uint32_t>(random.below(kRigPageBytes / 512)) * 512;
    const auto most = std::min<std::uint64_t>(kRigPageBytes - offset, random.below(4) ? 16 * 512 : 3 * kChunkBytes);
    const auto length = static_cast<std::uint32_t>(1 + random.below(most / 512)) * 512;
    auto record = data_record(page, offset, filled(length, static_cast<int>('a' + i % 26)));
    if (random.below(5) == 0) record = clear_record(RecordKind::unmap, page, offset, length);
    model.apply(record);
    REQUIRE_FALSE(rig.apply(std::move(record)).has_value());
    REQUIRE(rig.read(page, 0, kRigPageBytes) == model[page]);
    if (random.below(40) == 0) {
      rig.close();
      rig.open();
    }
  }
}

TEST_CASE("what was acknowledged is there after power was lost") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    JournalStoreRig rig(seed);
    rig.open_with_image();
    ModelPages model;
    SeededRandom random(seed);
    for (int i = 0; i < 60; ++i) {
      const auto offset = static_cast<std::uint32_t>(random.below(60)) * 2048;
      const auto length = static_cast<std::uint32_t>(1 + random.below(random.below(2) ? 4 : 100)) * 1024;
      auto record = data_record(kPage, offset, filled(length, static_cast<int>('a' + i % 26)));
      if (random.below(5) == 0) record = clear_record(RecordKind::zero, kPage, offset, length);
      model.apply(record);
      REQUIRE_FALSE(rig.apply(std::move(record)).has_value());
    }
    rig.crash();
    rig.open();
    REQUIRE(rig.read(kPage, 0, kRigPageBytes) == model[kPage]);
  }
}

TEST_CASE("the journal is used again and again") {
  JournalStoreRig rig;
  rig.open_with_image();
  std::map<std::uint32_t, char> expected;
  for (int i = 0; i < 3000; ++i) {
    const auto block = static_cast<std::uint32_t>(i * 7 % 64);
    const char value = static_cast<char>('a' + i % 23);
    REQUIRE_FALSE(rig.write(kPage, block * kBlock, kBlock, value).has_value());
    expected[block] = value;
  }
  rig.crash();
  rig.open();
  for (const auto& [block, value] : expected) REQUIRE(rig.read(kPage, block * kBlock, kBlock) == text(kBlock, value));
}

TEST_CASE("several writes at once share commits and all arrive") {
  JournalStoreRig rig;
  rig.open_with_image();
  std::size_t writes = 0;
  rig.disk().observe([&](const sim::DiskEvent& event) {
    writes += event.call == sim::DiskCall::write && event.durable && event.phase == sim::DiskEvent::Phase::asked;
  });
  std::vector<StoreDone> all;
  for (std::uint32_t i = 0; i < 32; ++i) {
    all.push_back(rig.start(data_record(kPage, i * kBlock, filled(kBlock, static_cast<int>('A' + i)))));
  }
  for (const StoreDone& done : all) REQUIRE_FALSE(rig.wait(done).has_value());
  CHECK(writes == 1);
  rig.crash();
  rig.open();
  for (std::uint32_t i = 0; i < 32; ++i) {
    CHECK(rig.read(kPage, i * kBlock, kBlock) == text(kBlock, static_cast<char>('A' + i)));
  }
}

TEST_CASE("writes that ask for no durability are durable after a sync") {
  JournalStoreRig rig;
  rig.open_with_image();
  REQUIRE_FALSE(rig.write(kPage, 0, kBlock, 'a', Durability::applied).has_value());
  REQUIRE_FALSE(rig.write(kPage, kChunkBytes, kChunkBytes, 'b', Durability::applied).has_value());
  CHECK(rig.read(kPage, 0, kBlock) == text(kBlock, 'a'));
  REQUIRE_FALSE(rig.sync().has_value());
  rig.crash();
  rig.open();
  CHECK(rig.read(kPage, 0, kBlock) == text(kBlock, 'a'));
  CHECK(rig.read(kPage, kChunkBytes, kChunkBytes) == text(kChunkBytes, 'b'));
}

TEST_CASE("a durable write takes those before it with it") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    JournalStoreRig rig(seed);
    rig.open_with_image();
    REQUIRE_FALSE(rig.write(kPage, 0, kBlock, 'a', Durability::applied).has_value());
    REQUIRE_FALSE(rig.write(kPage, kBlock, kBlock, 'b', Durability::durable).has_value());
    rig.crash();
    rig.open();
    REQUIRE(rig.read(kPage, kBlock, kBlock) == text(kBlock, 'b'));
    REQUIRE(rig.read(kPage, 0, kBlock) == text(kBlock, 'a'));
  }
}

// ---- space ----------------------------------------------------------------------------------------------------------

TEST_CASE("chunks are given back by unmap, by whole writes and by dropping the image") {
  JournalStoreRig rig;
  rig.open_with_image();
  const std::uint64_t free = rig.free_chunks();
  REQUIRE_FALSE(rig.write(kPage, 0, 2 * kChunkBytes, 'a').has_value());
  REQUIRE_FALSE(rig.write(kPage, 0, 2 * kChunkBytes, 'b').has_value());
  CHECK(rig.free_chunks() == free - 2);
  REQUIRE_FALSE(rig.clear(kPage, 0, kChunkBytes).has_value());
  CHECK(rig.free_chunks() == free - 1);
  CHECK(rig.list(7) == std::vector<StoredPage>{{PageIndex{0}, kChunkBytes}});
  REQUIRE_FALSE(rig.drop(7).has_value());
  CHECK(rig.store->images().empty());
  CHECK(rig.run_until([&] { return rig.free_chunks() >= free; }));
}

TEST_CASE("a full store refuses writes, reads, frees, and opens") {
  JournalStoreRig rig;
  rig.config.capacity_bytes = 100 * kChunkBytes;
  rig.open_with_image();
  std::uint64_t page = 0;
  while (!rig.write(page_of(7, page), 0, kRigPageBytes, 'f').has_value()) ++page;
  CHECK(rig.write(page_of(7, 900), 0, kRigPageBytes, 'x') == StoreError::no_space);
  rig.close();
  rig.open();
  CHECK(rig.write(page_of(7, 900), 0, kRigPageBytes, 'x') == StoreError::no_space);
  CHECK(rig.read(page_of(7, 0), 0, kBlock) == text(kBlock, 'f'));
  CHECK_FALSE(rig.write(page_of(7, 0), 0, kChunkBytes, 'g').has_value());  // what has its place is written
  CHECK(rig.read(page_of(7, 0), 0, kChunkBytes) == text(kChunkBytes, 'g'));
  REQUIRE_FALSE(rig.clear(page_of(7, 1), 0, kRigPageBytes).has_value());
  CHECK_FALSE(rig.write(page_of(7, 900), 0, kChunkBytes, 'y').has_value());
}

TEST_CASE("parts of blocks that are cleared in a hole take no space, also where there is none") {
  JournalStoreRig rig;
  rig.open_with_image();
  REQUIRE_FALSE(rig.clear(page_of(7, 0), 512, 1024).has_value());
  REQUIRE_FALSE(rig.clear(page_of(7, 0), kChunkBytes - 512, 2 * kBlock).has_value());
  CHECK(rig.store->image_bytes(ImageId{7}) == 0);
  REQUIRE_FALSE(rig.write(page_of(7, 0), 0, kBlock, 'a').has_value());
  REQUIRE_FALSE(rig.clear(page_of(7, 0), 512, kBlock).has_value());
  CHECK(rig.read(page_of(7, 0), 0, 2 * kBlock) == text(512, 'a') + text(2 * kBlock - 512, '\0'));
  CHECK(rig.store->image_bytes(ImageId{7}) == kChunkBytes);

  std::uint64_t page = 1;
  while (!rig.write(page_of(7, page), 0, kChunkBytes, 'b').has_value()) ++page;
  CHECK_FALSE(rig.clear(page_of(7, page), 512, 1024).has_value());
  CHECK_FALSE(rig.clear(page_of(7, 0), 2 * kBlock + 512, 1024).has_value());
}

TEST_CASE("a file has room for what it may grow by, and where that is not known tells only what is used") {
  JournalStoreRig rig;
  rig.open_with_image();
  const StoreSpace limited = rig.store->space();
  CHECK(limited.total_bytes == rig.config.capacity_bytes);
  CHECK(limited.free_bytes == limited.total_bytes - limited.used_bytes);
  rig.close();
  rig.config.file_system_room = [] { return FileSystemRoom{5, journal::kFileSystemMargin + kChunkBytes}; };
  rig.open();
  const StoreSpace narrow = rig.store->space();
  CHECK(narrow.free_bytes < limited.free_bytes);
  CHECK(narrow.growth_bytes == kChunkBytes);
  CHECK(narrow.file_system == FileSystemRoom{5, kChunkBytes});
  rig.close();
  rig.config.file_system_room = {};
  rig.config.capacity_bytes = 0;
  rig.open();
  const StoreSpace unknown = rig.store->space();
  CHECK((unknown.total_bytes == 0 && unknown.free_bytes == 0 && unknown.used_bytes > 0));
}

TEST_CASE("the bytes of an image are those of its chunks") {
  JournalStoreRig rig;
  rig.open_with_image();
  CHECK(rig.store->image_bytes(ImageId{7}) == 0);
  REQUIRE_FALSE(rig.write(page_of(7, 0), 0, kRigPageBytes, 'a').has_value());
  CHECK(rig.store->image_bytes(ImageId{7}) == kRigPageBytes);
  REQUIRE_FALSE(rig.clear(page_of(7, 0), 0, kRigPageBytes).has_value());
  CHECK(rig.store->image_bytes(ImageId{7}) == 0);
  CHECK(rig.store->image_bytes(ImageId{8}) == 0);
}

TEST_CASE("a store grows before it is full") {
  JournalStoreRig rig;
  rig.config.capacity_bytes = 0;
  rig.config.file_system_room = [] { return FileSystemRoom{5, 1 << 30}; };
  rig.open_with_image();
  const std::uint64_t total = rig.store->space().total_bytes;
  for (std::uint64_t page = 0; page < 40; ++page) {
    REQUIRE_FALSE(rig.write(page_of(7, page), 0, kRigPageBytes, static_cast<int>('a' + page % 26)).has_value());
  }
  CHECK(rig.store->space().total_bytes > total);
  rig.crash();
  rig.open();
  for (std::uint64_t page = 0; page < 40; ++page) {
    REQUIRE(rig.read(page_of(7, page), 0, kRigPageBytes) == text(kRigPageBytes, static_cast<char>('a' + page % 26)));
  }
}

TEST_CASE("allocation is told chunk by chunk") {
  JournalStoreRig rig;
  rig.open_with_image();
  REQUIRE_FALSE(rig.write(kPage, kChunkBytes + 512, 512, 'a').has_value());
  CHECK(rig.allocation(kPage, 512, 3 * kChunkBytes) ==
        std::vector<AllocationRange>{{512, kChunkBytes - 512, false},
                                     {kChunkBytes, kChunkBytes, true},
                                     {2 * kChunkBytes, kChunkBytes + 512, false}});
}

// ---- promises -------------------------------------------------------------------------------------------------------

TEST_CASE("promises, voids, fences and notes are there after power was lost") {
  JournalStoreRig rig;
  rig.open_with_image();
  REQUIRE_FALSE(rig.promise(kPage, 3).has_value());
  REQUIRE_FALSE(rig.fence(7, 1, 9).has_value());
  rig.crash();
  rig.open();
  CHECK(rig.store->promised(kPage) == Epoch{3});
  CHECK(rig.store->fences() == std::vector<Fence>{{ImageId{7}, nexus_id(1), Generation{9}}});
  CHECK(rig.store->image_note(ImageId{7}) == ImageNote{kRigPageBytes, "a volume"});
  CHECK(rig.write(kPage, 0, kBlock, 'a') == StoreError::stale);
  CHECK(rig.promise(kPage, 3) == StoreError::stale);
  CHECK_FALSE(rig.promise(kPage, 4).has_value());
}

TEST_CASE("a void that is not above the known one changes nothing, not even blocks that it covers in part") {
  JournalStoreRig rig;
  rig.open_with_image();
  const auto void_copy = [&](std::uint32_t offset, std::uint32_t attempt) {
    StoreDone done;
    rig.store->void_copy(kPage, offset, 2 * kBlock, Epoch{2}, attempt, done.taker());
    return rig.wait(done);
  };
  REQUIRE_FALSE(void_copy(512, 2).has_value());
  REQUIRE_FALSE(rig.write(kPage, 0, 3 * kBlock, 'a').has_value());
  CHECK(void_copy(512, 2) == StoreError::stale);
  CHECK(void_copy(512, 1) == StoreError::stale);
  CHECK(rig.read(kPage, 0, 3 * kBlock) == std::string(3 * kBlock, 'a'));
}

TEST_CASE("a store is bound to its group when whoever asks is told, also if another one is about to bind it") {
  JournalStoreRig rig;
  rig.open();
  const GroupId group{{5}};
  int told = 0;
  for (int i = 0; i < 2; ++i) {
    rig.store->bind_to_group(group, [&](Result<void, std::string> result) {
      CHECK(result.has_value());
      ++told;
      const std::string beginning = rig.disk().content(rig.config.path).substr(0, journal::kSuperblockBytes);
      CHECK(journal::read_superblocks(as_bytes(beginning)).newest->group == group);
    });
  }
  CHECK(told == 0);
  CHECK(rig.run_until([&] { return told == 2; }));
}

// ---- devices that fail ----------------------------------------------------------------------------------------------

TEST_CASE("a write that fails puts the store out of service for good") {
  JournalStoreRig rig;
  rig.open_with_image();
  rig.disk().fail_next(sim::DiskCall::write, FileError::io);
  CHECK(rig.write(kPage, 0, kBlock, 'a') == StoreError::out_of_service);
  CHECK_FALSE(rig.store->state().in_service);
  CHECK_THAT(rig.store->state().reason, Catch::Contains("/data/store"));
  CHECK(rig.write(kPage, 0, kBlock, 'a') == StoreError::out_of_service);
  CHECK(rig.read(kPage, 0, kBlock) == to_string(StoreError::out_of_service));
}

TEST_CASE("when a write home fails the checkpoint ends, and whoever waits is told") {
  JournalStoreRig rig;
  rig.open_with_image();
  for (std::uint64_t page = 0; page < 40; ++page) {  // one run of blocks each
    REQUIRE_FALSE(rig.write(page_of(7, page), 2 * kBlock, kBlock, 'h').has_value());
  }
  rig.disk().fail_next(sim::DiskCall::write, FileError::io);
  StoreDone first, second;
  rig.store->close(first.taker());
  rig.store->close(second.taker());
  CHECK(rig.wait(first) == StoreError::out_of_service);
  CHECK(rig.wait(second) == StoreError::out_of_service);
  CHECK_FALSE(rig.store->state().in_service);
  rig.kill();
  rig.open();
  for (std::uint64_t page = 0; page < 40; ++page) {
    REQUIRE(rig.read(page_of(7, page), 2 * kBlock, kBlock) == text(kBlock, 'h'));
  }
}

TEST_CASE("a block that has rotted is a medium error and nothing else") {
  JournalStoreRig rig;
  rig.open_with_image();
  REQUIRE_FALSE(rig.write(kPage, 0, 2 * kChunkBytes, 'r').has_value());
  rig.close();
  std::string content = rig.disk().content("/data/store");
  const std::size_t at = content.find(text(kBlock, 'r'));
  REQUIRE(at != std::string::npos);
  content[at + 100] ^= 1;
  REQUIRE(rig.host.runtime().replace_whole("/data/store", content).has_value());
  rig.open();
  CHECK(rig.read(kPage, 0, kBlock) == to_string(StoreError::medium_error));
  CHECK(rig.read(kPage, kBlock, kBlock) == text(kBlock, 'r'));
}
