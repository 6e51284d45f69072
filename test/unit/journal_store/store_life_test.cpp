// The beginning and the end of a store, where others have a hand in them.
#include <catch2/catch.hpp>

#include "test/unit/journal_store/damaged_store.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::test;

namespace {

// Keeps what it is asked, and answers nothing by itself.
struct SlowSource final : RepairSource {
  void fetch(const PageId&, std::uint32_t, std::uint32_t, Completion<std::optional<ReadAnswer>> done) override {
    asked.push_back(std::move(done));
  }
  std::vector<Completion<std::optional<ReadAnswer>>> asked;
};

// The first block of kOther has rotted, and another copy may have it.
struct RottenStore : DamagedStore {
  RottenStore() {
    close();
    flip(bytes().rfind(std::string(4 * kBlock, 'b')) + 5);
    open();
    store->set_repair_source(&source);
  }
  SlowSource source;
};

}  // namespace

TEST_CASE("a device that another process still has is asked for again until it is free") {
  JournalStoreRig rig;
  rig.open_with_image();
  rig.close();
  auto held = rig.host.runtime().open_device(kPath, DeviceOpen::existing);
  REQUIRE(held.has_value());
  std::optional<std::string> error;
  rig.opening = JournalStore::open(rig.host.runtime(), rig.config, rig.log, [&](auto opened) {
    error = opened ? "" : opened.error();
    if (opened) rig.store = std::move(*opened);
  });
  rig.world.run_for(1500ms);
  CHECK_FALSE(error.has_value());
  held->file.reset();
  REQUIRE(rig.run_until([&] { return error.has_value(); }));
  CHECK(*error == "");
}

TEST_CASE("a device that stays in use is given up after two seconds, and the process is named as the reason") {
  JournalStoreRig rig;
  rig.open_with_image();
  rig.close();
  const auto held = rig.host.runtime().open_device(kPath, DeviceOpen::existing);
  const Time began = rig.host.runtime().now();
  CHECK_THAT(rig.try_open(), Catch::Contains("in use"));
  CHECK(rig.host.runtime().now() - began >= 2s);
  CHECK(rig.host.runtime().now() - began < 3s);
}

TEST_CASE("a repair source may answer a store that has ended") {
  RottenStore rig;
  const StoreDone write = rig.start(data_record(kOther, 512, filled(512, 'x')));  // reads the rest of its block
  REQUIRE(rig.run_until([&] { return !rig.source.asked.empty(); }));
  rig.store.reset();
  rig.source.asked.front()(std::nullopt);
  rig.source.asked.clear();
  CHECK_FALSE(write.has());
}

TEST_CASE("a block that is repaired after its image was dropped is written over nobody else's data") {
  RottenStore rig;
  bool answered = false;
  rig.store->read(kOther, 0, kBlock, [&](const auto&) { answered = true; });
  REQUIRE(rig.run_until([&] { return !rig.source.asked.empty(); }));
  REQUIRE_FALSE(rig.drop(7).has_value());
  rig.world.run_for(1s);
  REQUIRE_FALSE(rig.describe(8).has_value());
  std::uint64_t pages = 0;
  while (!rig.write(page_of(8, pages), 0, kRigPageBytes, 'n').has_value()) ++pages;
  REQUIRE(pages > 0);
  rig.source.asked.front()(ReadAnswer{.data = {Slice::copy_of(std::string(kBlock, 'b'))}});
  REQUIRE(rig.run_until([&] { return answered; }));
  rig.store->set_repair_source(nullptr);
  for (std::uint64_t page = 0; page < pages; ++page) {
    CHECK(rig.read(page_of(8, page), 0, kRigPageBytes) == std::string(kRigPageBytes, 'n'));
  }
}
