// Everything that a store has is read, at its rate, beside hosts.
#include "routing/scrubber.h"

#include <catch2/catch.hpp>
#include <set>

#include "routing/memory_store.h"
#include "test/unit/routing/page_service_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

constexpr std::uint64_t kRate = 4 * kChunkBytes;  // a page of the rig a second
constexpr std::uint32_t kPages = 16, kPage = kMinPageBytes;

// Blocks of it cannot be read.
class RottenStore final : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  void read(const PageId& page, std::uint32_t offset, std::uint32_t length,
            Completion<Result<ReadAnswer, StoreError>> done) override {
    read_bytes += length;
    const auto touched = [&](const DamagedRange& damage) {
      return damage.page == page && damage.offset < offset + length && offset < damage.offset + damage.length;
    };
    if (std::ranges::any_of(damage, touched)) return done(StoreError::medium_error);
    MemoryStore::read(page, offset, length, std::move(done));
  }

  std::vector<DamagedRange> damage;
  std::uint64_t read_bytes = 0;
};

struct Rig : ServiceRig<RottenStore> {
  explicit Rig(ScrubSettings settings = {.bytes_per_second = kRate}) : ServiceRig(1, random) {
    (void)describe(*store, ImageId{7}, {kPage, "a volume"});
    map = PageMap::make(Image{
        .id = ImageId{7}, .size_bytes = kPages * kPage, .page_bytes = kPage, .placement = {.stores = {store->id()}}});
    scrubber = std::make_shared<Scrubber>(
        host.runtime(), *service, *store, [this](ImageId image) { return image == ImageId{7} ? map : nullptr; },
        settings, Log());
    for (std::uint32_t page = 0; page < kPages; ++page) ask(write(page + 1).on_page(page).at(0, kPage).filled_with(1));
    store->read_bytes = 0;
  }
  const ScrubStatus& status() const { return scrubber->status(); }
  bool ends_within(Duration time) {
    return world.run_until([&] { return status().state == ScrubState::idle; }, time);
  }

  static inline SeededRandom random{5};
  PageMap::Snapshot map;
  std::shared_ptr<Scrubber> scrubber;
};

}  // namespace

TEST_CASE("a scrub reads all that its store has, at its rate, and ends") {
  Rig rig;
  rig.scrubber->start();
  CHECK(rig.status().most_bytes == kPages * kPage);
  const double seconds = double(kPages) * kPage / kRate;
  rig.world.run_for(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds / 2)));
  CHECK(rig.status().state == ScrubState::running);
  CHECK(rig.status().read_bytes > kPages * kPage / 4);
  CHECK(rig.status().read_bytes < kPages * kPage * 3 / 4);
  REQUIRE(rig.ends_within(10s));
  CHECK(rig.status().read_bytes == kPages * kPage);
  CHECK(rig.store->read_bytes == kPages * kPage);
  CHECK(rig.status().runs == 1);
  CHECK(rig.status().damaged_blocks == 0);
}

TEST_CASE("what a scrub cannot read is counted and told block by block, and the rest is read all the same") {
  Rig rig;
  const DamagedRange first{page_of(7, 3), 4 * kPhysicalBlockBytes, kPhysicalBlockBytes};
  const DamagedRange second{page_of(7, 3), 9 * kPhysicalBlockBytes, kPhysicalBlockBytes};
  rig.store->damage = {first, second};
  rig.scrubber->start();
  REQUIRE(rig.ends_within(60s));
  CHECK(rig.status().damaged == std::vector{first, second});
  CHECK(rig.status().damaged_blocks == 2);
  CHECK(rig.status().read_bytes == kPages * kPage);
  rig.store->damage.clear();
  rig.scrubber->start();
  REQUIRE(rig.ends_within(60s));
  CHECK(rig.status().damaged_blocks == 0);
  CHECK(rig.status().all_damaged_blocks == 2);
}

TEST_CASE("a scrub that is paused reads nothing until it goes on") {
  Rig rig;
  rig.scrubber->start();
  rig.world.run_for(1s);
  rig.scrubber->pause();
  rig.world.run_for(1s);
  const std::uint64_t read = rig.store->read_bytes;
  rig.world.run_for(60s);
  CHECK(rig.store->read_bytes == read);
  CHECK(rig.status().state == ScrubState::paused);
  rig.scrubber->resume();
  REQUIRE(rig.ends_within(60s));
  CHECK(rig.store->read_bytes == kPages * kPage);
}

TEST_CASE("what hosts move is taken off the rate of a scrub, but for a rest") {
  STATIC_REQUIRE(scrub_rate(1600, 0) == 1600);
  STATIC_REQUIRE(scrub_rate(1600, 1000) == 600);
  STATIC_REQUIRE(scrub_rate(1600, 5000) == 101);
  Rig rig;
  rig.scrubber->start();
  std::uint64_t id = 100;
  for (int i = 0; i < 40; ++i) {
    rig.ask(write(++id).on_page(i % kPages).at(0, kPage).filled_with(2));
    rig.ask(write(++id).on_page(i % kPages).at(0, kPage).filled_with(2));
    rig.ask(write(++id).on_page(i % kPages).at(0, kPage).filled_with(2));
    rig.ask(write(++id).on_page(i % kPages).at(0, kPage).filled_with(2));
    rig.world.run_for(100ms);
  }
  CHECK(rig.status().read_bytes < kRate + kPage);  // of four seconds
  REQUIRE(rig.ends_within(600s));
}

TEST_CASE("a scrub comes again after its interval, and not at all without one") {
  Rig rig({.bytes_per_second = kRate, .interval = 3600s});
  rig.scrubber->wait(60s);
  rig.world.run_for(3600s);
  CHECK(rig.status().runs == 1);
  rig.world.run_for(3600s);
  CHECK(rig.status().runs == 2);
  Rig never;
  never.scrubber->wait(60s);
  never.world.run_for(36000s);
  CHECK(never.status().runs == 0);
}

TEST_CASE("an image without a map, and pages of other owners, are passed over") {
  Rig rig;
  (void)describe(*rig.store, ImageId{8}, {kPage, "unknown"});
  StoreDone done;
  rig.store->apply(batch_of(data_record(page_of(8, 0), 0, filled(kPhysicalBlockBytes, 1))), Durability::durable,
                   done.taker());
  rig.scrubber->start();
  REQUIRE(rig.ends_within(60s));
  CHECK(rig.status().read_bytes == kPages * kPage);
}

TEST_CASE("whoever destroys a scrubber hears nothing of it any more") {
  Rig rig;
  rig.scrubber->start();
  rig.world.run_for(500ms);
  rig.scrubber.reset();
  const std::uint64_t read = rig.store->read_bytes;
  rig.world.run_for(60s);
  CHECK(rig.store->read_bytes == read);
}
