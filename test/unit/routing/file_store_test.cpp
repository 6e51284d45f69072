// Pages in files: identity, content, durability, failing devices.
#include "routing/file_store.h"

#include <catch2/catch.hpp>
#include <iterator>
#include <map>

#include "routing/promise_log.h"
#include "target/base/crc32c.h"
#include "test/unit/routing/file_store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

const PageId kPage = page_of(7, 0), kOther = page_of(7, 1);
const std::string kZeros(4096, '\0'), kA(4096, 'a'), kB(4096, 'b');

// Of the log of promises, whole.
std::string record_of_kind(int kind) {
  std::string record = encode_dropped_image(ImageId{7});
  record[4] = static_cast<char>(kind);
  const std::uint32_t crc = crc32c(as_bytes(record).first(kPromiseRecordBytes - 4));
  for (std::size_t i = 0; i < 4; ++i) record[kPromiseRecordBytes - 4 + i] = static_cast<char>(crc >> 8 * i);
  return record;
}

std::size_t count_events(FileStoreRig& rig, sim::DiskCall call, std::size_t& count) {
  rig.disk().observe([&count, call](const sim::DiskEvent& event) {
    count += event.call == call && event.phase == sim::DiskEvent::Phase::asked;
  });
  return count;
}

}  // namespace

// ---- identity ---------------------------------------------------------------------------------------------------

TEST_CASE("a store is made in an absent folder, and is the same store when it is opened again") {
  FileStoreRig rig;
  rig.open();
  const StoreId id = rig.store->id();
  CHECK_FALSE(id.is_zero());
  rig.close();
  rig.open();
  CHECK(rig.store->id() == id);
}

TEST_CASE("a store whose folder was wiped is another store") {
  FileStoreRig rig;
  rig.open();
  const StoreId id = rig.store->id();
  rig.kill();
  rig.disk().erase("/data/store");
  rig.open();
  CHECK(rig.store->id() != id);
}

TEST_CASE("a folder is served once at a time, and free again when its process is killed") {
  FileStoreRig rig;
  rig.open();
  auto first = std::move(rig.store);
  CHECK(rig.try_open_again() ==
        "store folder /data/store: another process serves this store; stop it or give this member a folder of its own");
  first.reset();
  rig.kill();
  CHECK(rig.try_open().empty());
}

TEST_CASE("a folder that is no store, or a damaged one, is refused in one line and left as it is") {
  FileStoreRig rig;
  const auto refused = [&](const std::string& expected) {
    const auto before = rig.disk().paths();
    const std::string error = rig.try_open();
    CHECK_THAT(error, Catch::Contains(expected) && Catch::StartsWith("store folder /data/store: "));
    CHECK(error.find('\n') == std::string::npos);
    CHECK(rig.disk().paths() == before);
  };
  Runtime& disk = rig.host.runtime();
  SECTION("somebody's files") {
    REQUIRE(disk.make_directories("/data/store").has_value());
    REQUIRE(disk.replace_whole("/data/store/thesis.tex", "x").has_value());
    refused("no store.json");
  }
  SECTION("store.json was deleted") {
    rig.open();
    rig.write(kPage, 0, 4096, 'a');
    rig.close();
    rig.disk().erase("/data/store/store.json");
    refused("store.json is missing");
  }
  SECTION("images were deleted") {
    rig.open();
    rig.close();
    rig.disk().erase("/data/store/images");
    refused("images is missing");
  }
  SECTION("promises were deleted") {
    rig.open();
    rig.close();
    rig.disk().erase("/data/store/promises.log");
    refused("promises.log is missing");
  }
  SECTION("store.json is damaged") {
    rig.open();
    rig.close();
    for (const char* text :
         {"", "{", "[]", "{}", R"({"format":"other","version":1,"id":"x"})",
          R"({"format":"shoal-file-store","version":1,"id":"x"})", R"({"format":"shoal-file-store","version":1})",
          R"({"format":"shoal-file-store","version":1,"id":"00000000-0000-0000-0000-000000000000"})"}) {
      REQUIRE(disk.replace_whole("/data/store/store.json", text).has_value());
      refused("store.json is damaged");
    }
    REQUIRE(disk.replace_whole("/data/store/store.json", R"({"format":"shoal-file-store","version":2})").has_value());
    refused("format version 2, this build knows 1");
  }
  SECTION("a newer version has promised something in words of its own") {
    rig.open();
    REQUIRE_FALSE(rig.fence(7, 1, 5));
    rig.close();
    const auto log = rig.disk().content("/data/store/promises.log");
    REQUIRE(disk.replace_whole("/data/store/promises.log", log + record_of_kind(9) + log).has_value());
    refused("promises.log: a record of kind 9 at byte 64 is of a newer version");
    CHECK(rig.disk().content("/data/store/promises.log") == log + record_of_kind(9) + log);
  }
  SECTION("a page that is longer than any page") {
    rig.open();
    rig.write(kPage, 0, 4096, 'a');
    rig.close();
    auto file = rig.host.runtime().open_file("/data/store/images/0000000000000007/0000000000000000", false);
    StoreDone done;
    (*file)->write(kMaxPageBytes, filled(1, 'x'), SyncMode::none, [&](auto) { *done.slot = StoreOutcome(); });
    rig.wait(done);
    refused("bytes long");
  }
}

TEST_CASE("a creation that was broken off, and what a new file system has, do not stand in the way") {
  FileStoreRig rig;
  Runtime& disk = rig.host.runtime();
  for (const char* folder : {"/data/store/images", "/data/store/lost+found"}) {
    REQUIRE(disk.make_directories(folder).has_value());
  }
  for (const char* file : {"/data/store/promises.log", "/data/store/store.json.new"}) {
    REQUIRE(disk.replace_whole(file, "").has_value());
  }
  CHECK(rig.try_open().empty());
}

TEST_CASE("names in the folder of images that are none of ours are left alone") {
  FileStoreRig rig;
  rig.open();
  rig.write(kPage, 0, 4096, 'a');
  rig.close();
  Runtime& disk = rig.host.runtime();
  REQUIRE(disk.replace_whole("/data/store/images/README", "x").has_value());
  REQUIRE(disk.replace_whole("/data/store/images/0000000000000007/1", "x").has_value());
  rig.open();
  CHECK(list(*rig.store, ImageId{7}).size() == 1);
}

TEST_CASE(
    "notes of images outlive a crash, are dropped with their images, and one that is damaged is as good as none") {
  FileStoreRig rig;
  rig.open();
  CHECK(describe(*rig.store, ImageId{7}, {65536, "{\"name\":\"a\"}"}).ok());
  CHECK(describe(*rig.store, ImageId{8}, {4096, ""}).ok());
  rig.crash();
  rig.open();
  CHECK(rig.store->image_note(ImageId{7}) == ImageNote{65536, "{\"name\":\"a\"}"});
  CHECK(rig.store->images() == std::vector<ImageId>{ImageId{7}, ImageId{8}});
  CHECK_FALSE(rig.drop(7));
  rig.close();
  REQUIRE(rig.host.runtime().replace_whole("/data/store/notes/0000000000000008", "{}").has_value());
  rig.open();
  CHECK(rig.store->image_note(ImageId{7}) == std::nullopt);
  CHECK(rig.store->image_note(ImageId{8}) == std::nullopt);
}

// ---- content ----------------------------------------------------------------------------------------------------

TEST_CASE("pages read as they were written, and as zeros elsewhere") {
  FileStoreRig rig;
  rig.open();
  CHECK_FALSE(rig.write(kPage, 8192, 4096, 'a'));
  CHECK(rig.read(kPage, 4096, 3 * 4096) == kZeros + kA + kZeros);
  CHECK(rig.read(kOther, 0, 4096) == kZeros);
  CHECK(list(*rig.store, ImageId{7}).size() == 1);
}

TEST_CASE("zeroing and unmapping punch holes, and make no files") {
  FileStoreRig rig;
  rig.open();
  rig.write(kPage, 0, 3 * kChunkBytes, 'a');
  CHECK_FALSE(rig.apply(clear_record(RecordKind::unmap, kPage, kChunkBytes, kChunkBytes)));
  CHECK_FALSE(rig.apply(clear_record(RecordKind::zero, kPage, 0, 4096)));
  CHECK(rig.read(kPage, 0, 8192) == kZeros + kA);
  CHECK(list(*rig.store, ImageId{7}) == std::vector<StoredPage>{{PageIndex{0}, 2 * kChunkBytes}});
  CHECK(allocation(*rig.store, kPage, 0, 3 * kChunkBytes) ==
        std::vector<AllocationRange>{
            {0, kChunkBytes, true}, {kChunkBytes, kChunkBytes, false}, {2 * kChunkBytes, kChunkBytes, true}});
  const auto files = rig.disk().paths();
  CHECK_FALSE(rig.apply(clear_record(RecordKind::unmap, kOther, 0, kChunkBytes)));
  CHECK(rig.disk().paths() == files);
}

TEST_CASE("a file store is equal to arrays, through kills, with overlapping requests one after the other") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRandom random(seed);
    FileStoreRig rig(seed);
    ModelPages model;
    rig.open();
    for (int step = 0; step < 60; ++step) {
      PageRecord record = random_record(random);
      const PageId page = record.page;
      model.apply(record);
      REQUIRE_FALSE(rig.apply(std::move(record), random.below(4) ? Durability::applied : Durability::durable));
      REQUIRE(rig.read(page, 0, ModelPages::kPageBytes) == model[page]);
      if (random.below(10) == 0) {
        rig.kill();
        rig.open();
        for (std::uint64_t i = 0; i < 3; ++i) {
          REQUIRE(rig.read(page_of(7, i), 0, ModelPages::kPageBytes) == model[page_of(7, i)]);
        }
      }
    }
  }
}

TEST_CASE("dropping an image removes its files and nothing else, for good") {
  FileStoreRig rig;
  rig.open();
  for (std::uint64_t i = 0; i < 40; ++i) rig.write(page_of(7, i), 0, 4096, 'a');
  rig.write(page_of(8, 0), 0, 4096, 'b');
  rig.fence(7, 1, 5);
  rig.fence(8, 2, 6);
  rig.promise(kPage, 3);
  REQUIRE_FALSE(rig.sync());
  CHECK_FALSE(rig.drop(7));
  const auto check = [&] {
    CHECK(rig.store->images() == std::vector<ImageId>{ImageId{8}});
    CHECK(rig.store->fences() == std::vector<Fence>{{ImageId{8}, nexus_id(2), Generation{6}}});
    CHECK(rig.store->promised(kPage) == Epoch{});
    CHECK(rig.read(kPage, 0, 4096) == kZeros);
    CHECK(rig.read(page_of(8, 0), 0, 4096) == kB);
  };
  check();
  CHECK(rig.runtime->open_files() == 2);  // of the other image, and the promises
  rig.crash();
  rig.open();
  check();
}

TEST_CASE("the files of a dropped image go one by one, so that others have their turn") {
  FileStoreRig rig;
  rig.open();
  for (std::uint64_t i = 0; i < 100; ++i) rig.write(page_of(7, i), 0, 4096, 'a');
  StoreDone dropping;
  rig.store->drop_image(ImageId{7}, dropping.taker());
  std::map<Time, std::size_t> left;  // after each instant
  rig.run_until([&] {
    left[rig.runtime->now()] = rig.disk().paths().size();
    return dropping.has();
  });
  REQUIRE_FALSE(rig.wait(dropping));
  REQUIRE(left.begin()->second >= left.rbegin()->second + 100);
  for (auto earlier = left.begin(), later = std::next(earlier); later != left.end(); ++earlier, ++later) {
    CHECK(earlier->second - later->second <= 1);
  }
}

TEST_CASE("dropping an image of which there is nothing is no error") {
  FileStoreRig rig;
  rig.open();
  CHECK_FALSE(rig.drop(7));
}

// ---- promises ---------------------------------------------------------------------------------------------------

TEST_CASE("fences, promises and voids are durable when they complete") {
  FileStoreRig rig;
  rig.open();
  rig.write(kPage, 0, 8192, 'a', Durability::durable);
  CHECK_FALSE(rig.fence(7, 1, 5));
  CHECK_FALSE(rig.fence(7, 2, 8));
  CHECK_FALSE(rig.fence(7, 1, 4));
  CHECK_FALSE(rig.promise(kOther, 3));
  StoreDone voided;
  rig.store->void_copy(kPage, 0, 4096, Epoch{2}, 1, voided.taker());
  CHECK_FALSE(rig.wait(voided));
  rig.crash();
  rig.open();
  CHECK(rig.store->fences() ==
        std::vector<Fence>{{ImageId{7}, nexus_id(1), Generation{5}}, {ImageId{7}, nexus_id(2), Generation{8}}});
  CHECK(rig.store->promised(kOther) == Epoch{3});
  CHECK(rig.promise(kOther, 3) == StoreError::stale);
  CHECK(rig.write(kOther, 0, 4096, 'a') == StoreError::stale);
  CHECK(rig.read(kPage, 0, 8192) == kZeros + kA);
  StoreDone again;
  rig.store->void_copy(kPage, 4096, 4096, Epoch{2}, 1, again.taker());
  CHECK(rig.wait(again) == StoreError::stale);
}

TEST_CASE("many fences at once share a few writes, and none is lost") {
  FileStoreRig rig;
  rig.open();
  std::size_t writes = 0;
  count_events(rig, sim::DiskCall::write, writes);
  std::vector<StoreDone> done(100);
  for (std::size_t i = 0; i < done.size(); ++i) {
    rig.store->fence({ImageId{7}, nexus_id(static_cast<std::uint8_t>(i + 1)), Generation{i}}, Durability::durable,
                     done[i].taker());
  }
  for (const auto& each : done) CHECK_FALSE(rig.wait(each));
  CHECK(writes == 2);
  rig.crash();
  rig.open();
  CHECK(rig.store->fences().size() == 100);
}

// ---- durability -------------------------------------------------------------------------------------------------

TEST_CASE("what was synced, or written durably, is there after a loss of power, with its names") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    FileStoreRig rig(seed);
    rig.open();
    rig.write(kPage, 0, 4096, 'a');
    rig.write(kOther, 0, 4096, 'b');
    REQUIRE_FALSE(rig.sync());
    REQUIRE_FALSE(rig.write(page_of(9, 4), 0, 4096, 'a', Durability::durable));
    REQUIRE_FALSE(rig.apply(clear_record(RecordKind::zero, kOther, 0, 512), Durability::durable));
    rig.crash();
    rig.open();
    CHECK(rig.read(kPage, 0, 4096) == kA);
    CHECK(rig.read(kOther, 0, 1024) == std::string(512, '\0') + std::string(512, 'b'));
    CHECK(rig.read(page_of(9, 4), 0, 4096) == kA);
  }
}

TEST_CASE("a sync covers what an earlier process wrote before it was killed") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    FileStoreRig rig(seed);
    rig.open();
    for (std::uint64_t i = 0; i < 5; ++i) rig.write(page_of(7, i), 0, 4096, 'a');
    rig.kill();
    rig.open();
    REQUIRE_FALSE(rig.sync());
    rig.crash();
    rig.open();
    for (std::uint64_t i = 0; i < 5; ++i) CHECK(rig.read(page_of(7, i), 0, 4096) == kA);
  }
}

TEST_CASE("zeroing durably what reads as zeros already waits until the hole is on the device") {
  FileStoreRig rig;
  rig.open();
  const auto hole = [](const PageId& page) { return clear_record(RecordKind::zero, page, 0, kChunkBytes); };
  rig.write(kPage, 0, kChunkBytes, 'a', Durability::durable);
  rig.apply(hole(kPage));
  std::size_t syncs = 0;
  count_events(rig, sim::DiskCall::sync, syncs);
  CHECK_FALSE(rig.apply(hole(kPage)));
  CHECK(syncs == 0);
  CHECK_FALSE(rig.apply(hole(kPage), Durability::durable));
  CHECK(syncs == 1);
  CHECK_FALSE(rig.apply(hole(kPage), Durability::durable));
  CHECK_FALSE(rig.apply(hole(kOther), Durability::durable));
  CHECK(syncs == 1);  // nothing was owed
}

TEST_CASE("syncs that are asked for while one runs share the next") {
  FileStoreRig rig;
  rig.open();
  rig.write(kPage, 0, 4096, 'a');
  rig.sync();
  std::size_t syncs = 0;
  count_events(rig, sim::DiskCall::sync, syncs);
  rig.write(kPage, 0, 4096, 'b');
  const auto first = rig.start_sync();
  rig.write(kPage, 4096, 4096, 'b');
  std::vector<StoreDone> others;
  for (int i = 0; i < 10; ++i) others.push_back(rig.start_sync());
  for (const auto& each : others) CHECK_FALSE(rig.wait(each));
  CHECK(first.ok());
  CHECK(syncs == 2);
  rig.sync();
  CHECK(syncs == 2);  // nothing was owed
}

TEST_CASE("no sync and no durable write is answered before the device has everything, however slow it is") {
  using Phase = sim::DiskEvent::Phase;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SeededRandom random(seed);
    FileStoreRig rig(seed);
    rig.open();
    rig.disk().set_latency(10us, 5ms);
    std::map<std::string, bool> clean;  // by path of a page: what was written is on the device
    rig.disk().observe([&](const sim::DiskEvent& event) {
      if (event.phase != Phase::happened || event.path.find("/images/") == std::string::npos) return;
      if (event.call == sim::DiskCall::write)
        clean[event.path] = event.durable && clean.try_emplace(event.path, true).first->second;
      if (event.call == sim::DiskCall::punch) clean[event.path] = false;
      if (event.call == sim::DiskCall::sync) clean[event.path] = true;
    });
    for (int step = 0; step < 30; ++step) {
      rig.apply(random_record(random), random.below(3) ? Durability::applied : Durability::durable);
      if (random.below(4) > 0) continue;
      REQUIRE_FALSE(rig.sync());
      for (const auto& [path, is_clean] : clean) REQUIRE(is_clean);
    }
  }
}

namespace {

// What each sector of a page may hold after a loss of power: anything from its last synced value on.
class SectorHistory {
 public:
  void wrote(const PageRecord& record) {
    const std::string bytes = record.kind == RecordKind::data ? text_of(record.data) : std::string(record.length, '\0');
    for (std::uint32_t at = 0; at < record.length; at += 512) {
      of(record.page)[(record.offset + at) / 512].push_back(bytes[at]);
    }
  }
  void synced() {
    for (auto& [page, sectors] : pages_) {
      for (auto& values : sectors) values.erase(values.begin(), values.end() - 1);
    }
  }
  void is_now(const PageId& page, const std::string& bytes, bool power_lost) {
    auto& sectors = of(page);
    for (std::size_t i = 0; i < sectors.size(); ++i) {
      const char value = bytes[i * 512];
      REQUIRE(bytes.substr(i * 512, 512) == std::string(512, value));
      const auto possible = power_lost ? sectors[i].begin() : sectors[i].end() - 1;
      REQUIRE(std::find(possible, sectors[i].end(), value) != sectors[i].end());
      sectors[i] = power_lost ? std::vector<char>{value} : sectors[i];
    }
  }

 private:
  using Sectors = std::vector<std::vector<char>>;
  Sectors& of(const PageId& page) {
    return pages_.try_emplace(page, ModelPages::kPageBytes / 512, std::vector<char>{'\0'}).first->second;
  }
  std::map<PageId, Sectors> pages_;
};

}  // namespace

TEST_CASE("after any number of kills and losses of power every sector is what it may be") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRandom random(seed);
    FileStoreRig rig(seed);
    SectorHistory history;
    rig.open();
    for (int step = 0; step < 80; ++step) {
      PageRecord record = random_record(random);
      history.wrote(record);
      REQUIRE_FALSE(rig.apply(std::move(record)));
      const auto what = random.below(12);
      if (what == 0) {
        REQUIRE_FALSE(rig.sync());
        history.synced();
      } else if (what <= 2) {
        what == 1 ? rig.crash() : rig.kill();
        rig.open();
        for (std::uint64_t i = 0; i < 3; ++i) {
          history.is_now(page_of(7, i), rig.read(page_of(7, i), 0, ModelPages::kPageBytes), what == 1);
        }
      }
    }
  }
}

// ---- failing devices --------------------------------------------------------------------------------------------

TEST_CASE("a failed fdatasync ends the service for ever and is never tried again") {
  FileStoreRig rig;
  rig.open();
  rig.write(kPage, 0, 4096, 'a');
  rig.disk().fail_next(sim::DiskCall::sync, FileError::io);
  const auto first = rig.start_sync(), second = rig.start_sync();
  CHECK(rig.wait(first) == StoreError::out_of_service);
  CHECK(rig.wait(second) == StoreError::out_of_service);
  CHECK_FALSE(rig.store->state().in_service);
  CHECK(rig.store->state().reason == "sync failed in /data/store: input/output error");
  std::size_t syncs = 0;
  count_events(rig, sim::DiskCall::sync, syncs);
  CHECK(rig.sync() == StoreError::out_of_service);
  CHECK(rig.write(kPage, 0, 4096, 'b') == StoreError::out_of_service);
  CHECK(rig.fence(7, 1, 1) == StoreError::out_of_service);
  CHECK(rig.read(kPage, 0, 4096) == "the store is out of service");
  CHECK(syncs == 0);
}

TEST_CASE("a shortage elsewhere does not hide a failed fdatasync") {
  FileStoreRig rig;
  rig.open();
  rig.write(kPage, 0, 4096, 'a');
  rig.runtime->fail_at(1, FileError::io);
  rig.runtime->run_short_at(1);
  CHECK(rig.sync() == StoreError::out_of_service);
  CHECK_FALSE(rig.store->state().in_service);
}

TEST_CASE("where the file system knows no holes, zeros are written") {
  FileStoreRig rig;
  rig.open();
  rig.runtime->refuse_holes();
  rig.write(kPage, 0, 3 * kChunkBytes, 'a', Durability::durable);
  CHECK_FALSE(rig.apply(clear_record(RecordKind::unmap, kPage, kChunkBytes, kChunkBytes)));
  CHECK_FALSE(rig.apply(clear_record(RecordKind::zero, kPage, 4096, 4096), Durability::durable));
  CHECK(rig.store->state().in_service);
  CHECK(allocation(*rig.store, kPage, kChunkBytes, kChunkBytes) ==
        std::vector<AllocationRange>{{kChunkBytes, kChunkBytes, false}});
  rig.crash();
  rig.open();
  CHECK(rig.read(kPage, 0, 12288) == kA + kZeros + kA);
  CHECK(rig.read(kPage, kChunkBytes, 4096) == kZeros);
  CHECK(rig.read(kPage, 2 * kChunkBytes, 4096) == kA);
}

TEST_CASE("a full disk is told, and the store goes on") {
  FileStoreRig rig;
  rig.open();
  rig.write(kPage, 0, 2 * kChunkBytes, 'a');
  rig.disk().set_capacity(rig.disk().allocated_bytes());
  CHECK(rig.write(kOther, 0, 4096, 'b') == StoreError::no_space);
  CHECK(rig.fence(7, 1, 1) == StoreError::no_space);
  CHECK(rig.store->state().in_service);
  CHECK(rig.read(kPage, 0, 4096) == kA);
  CHECK_FALSE(rig.sync());
  CHECK_FALSE(rig.apply(clear_record(RecordKind::unmap, kPage, kChunkBytes, kChunkBytes)));
  CHECK_FALSE(rig.write(kOther, 0, 4096, 'b'));
  CHECK_FALSE(rig.fence(7, 1, 1));
}

TEST_CASE("a shortage of descriptors fails what meets it, whatever that is, and the store goes on") {
  for (std::size_t nth = 1; nth < 8; ++nth) {
    FileStoreRig rig;
    rig.open();
    REQUIRE_FALSE(rig.write(kOther, 0, 4096, 'b'));
    rig.kill();
    rig.open();  // its files owe a sync and are not open
    rig.runtime->run_short_at(nth);
    const std::vector<StoreOutcome> met{rig.write(page_of(8, 0), 0, 4096, 'a', Durability::durable), rig.sync(),
                                        rig.write(kPage, 0, 4096, 'a')};
    const std::string text = rig.read(kOther, 0, 4096);
    CHECK((text == kB || text == to_string(StoreError::no_resources)));
    for (const StoreOutcome& each : met) CHECK((!each || each == StoreError::no_resources));
    CHECK(rig.store->state().in_service);
    CHECK_FALSE(rig.write(page_of(8, 0), 0, 4096, 'a', Durability::durable));
    CHECK_FALSE(rig.sync());
    CHECK_FALSE(rig.write(kPage, 0, 4096, 'a', Durability::durable));
    CHECK(rig.read(kOther, 0, 4096) == kB);
    rig.crash();
    rig.open();
    CHECK(rig.read(page_of(8, 0), 0, 4096) == kA);
    CHECK(rig.read(kPage, 0, 4096) == kA);
    CHECK(rig.read(kOther, 0, 4096) == kB);
  }
}

TEST_CASE("a range that cannot be read is a medium error, and the rest goes on") {
  FileStoreRig rig;
  rig.open();
  rig.write(kPage, 0, 4096, 'a');
  rig.disk().fail_next(sim::DiskCall::read, FileError::io);
  CHECK(rig.read(kPage, 0, 4096) == "the range cannot be read");
  CHECK(rig.read(kPage, 0, 4096) == kA);
}

TEST_CASE("a page's file that has vanished ends the service: its page must not read as zeros") {
  FileStoreRig rig;
  rig.open();
  rig.write(kPage, 0, 4096, 'a');
  rig.kill();
  rig.open();
  rig.disk().erase("/data/store/images/0000000000000007/0000000000000000");
  CHECK(rig.read(kPage, 0, 4096) == "the store is out of service");
}

TEST_CASE("whichever operation on files fails, everything is answered, and what was promised is kept") {
  for (const FileError error : {FileError::io, FileError::no_space}) {
    bool failed = true;
    for (std::size_t nth = 1; failed; ++nth) {
      REQUIRE(nth < 200);
      FileStoreRig rig(nth);
      rig.runtime = std::make_unique<FailingRuntime>(rig.host.runtime());
      rig.runtime->fail_at(nth, error);
      bool a_is_durable = false, b_is_durable = false, fenced = false;
      if (rig.try_open_again().empty()) {
        const bool written = !rig.write(kPage, 0, 4096, 'a');
        a_is_durable = !rig.sync() && written;
        b_is_durable = !rig.write(kOther, 0, 4096, 'b', Durability::durable);
        rig.apply(clear_record(RecordKind::unmap, kPage, kChunkBytes, kChunkBytes));
        fenced = !rig.fence(7, 1, 5);
        rig.read(kPage, 0, 4096);
        rig.write(page_of(8, 1), 0, 4096, 'c');
        rig.drop(8);
      }
      failed = rig.runtime->failed();
      rig.crash();
      rig.open();
      if (a_is_durable) CHECK(rig.read(kPage, 0, 4096) == kA);
      if (b_is_durable) CHECK(rig.read(kOther, 0, 4096) == kB);
      if (fenced) CHECK(rig.store->fences().size() == 1);
      CHECK_FALSE(rig.write(kPage, 0, 4096, 'd'));
      CHECK_FALSE(rig.sync());
    }
  }
}

TEST_CASE("operations in flight are not answered any more when the store is destroyed") {
  FileStoreRig rig;
  rig.open();
  rig.write(kPage, 0, 4096, 'a');
  const auto writing = rig.start(data_record(kPage, 0, filled(4096, 'b')), Durability::durable);
  const auto syncing = rig.start_sync();
  StoreDone dropping, fencing;
  rig.store->fence({ImageId{8}, nexus_id(1), Generation{1}}, Durability::durable, fencing.taker());
  rig.store->drop_image(ImageId{9}, dropping.taker());
  rig.store.reset();
  rig.world.run_for(1s);
  for (const auto& each : {writing, syncing, fencing, dropping}) CHECK_FALSE(each.has());
}
