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

constexpr std::uint64_t kRate = 4 * kChunkBytes;  // a second
constexpr std::uint32_t kPages = 16, kPage = kMinPageBytes;
constexpr std::uint32_t kThinPage = 8 * kChunkBytes;

// Blocks of it cannot be read, or what is allocated cannot be told.
class RottenStore final : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  void read(const PageId& page, std::uint32_t offset, std::uint32_t length,
            Completion<Result<ReadAnswer, StoreError>> done) override {
    read_bytes += length;
    if (touches(damage, page, offset, length)) return done(StoreError::medium_error);
    if (short_of) return --short_of, done(StoreError::no_resources);
    MemoryStore::read(page, offset, length, std::move(done));
  }
  void allocation(const PageId& page, std::uint32_t offset, std::uint32_t length,
                  Completion<Result<std::vector<AllocationRange>, StoreError>> done) override {
    if (touches(unknown, page, offset, length)) return done(StoreError::medium_error);
    MemoryStore::allocation(page, offset, length, std::move(done));
  }
  void list(ImageId image, PageIndex from, std::size_t limit,
            Completion<Result<std::vector<StoredPage>, StoreError>> done) override {
    const auto met = [&](const DamagedRange& leaf) {
      return leaf.page.image == image && leaf.page.index.value >= from.value &&
             leaf.page.index.value < from.value + limit;
    };
    if (std::ranges::any_of(unknown, met)) return done(StoreError::medium_error);
    MemoryStore::list(image, from, limit, std::move(done));
  }

  std::vector<DamagedRange> damage, unknown;
  std::uint64_t read_bytes = 0;
  int short_of = 0;  // reads for which there are no resources

 private:
  static bool touches(const std::vector<DamagedRange>& ranges, const PageId& page, std::uint32_t offset,
                      std::uint32_t length) {
    return std::ranges::any_of(ranges, [&](const DamagedRange& range) {
      return range.page == page && range.offset < offset + length && offset < range.offset + range.length;
    });
  }
};

struct ScrubRig : ServiceRig<RottenStore> {
  ScrubRig(ImageId image, std::uint32_t page_bytes, ScrubSettings settings) : ServiceRig(1, random) {
    (void)describe(*store, image, {page_bytes, "a volume"});
    map = PageMap::make(Image{.id = image,
                              .size_bytes = std::uint64_t{kPages} * page_bytes,
                              .page_bytes = page_bytes,
                              .placement = {.stores = {store->id()}}});
    service->set_map(map);
    scrubber = std::make_shared<Scrubber>(
        host.runtime(), *service, *store, [this, image](ImageId asked) { return asked == image ? map : nullptr; },
        settings, Log(LogLevel::error, [this](LogLevel, std::string_view) { ++damage_lines; }));
  }
  const ScrubStatus& status() const { return scrubber->status(); }
  bool ends_within(Duration time) {
    return world.run_until([&] { return status().state == ScrubState::idle; }, time);
  }

  static inline SeededRandom random{5};
  PageMap::Snapshot map;
  int damage_lines = 0;  // of its log
  std::shared_ptr<Scrubber> scrubber;
};

// Each page is written.
struct Rig : ScrubRig {
  explicit Rig(ScrubSettings settings = {.bytes_per_second = kRate}) : ScrubRig(ImageId{7}, kPage, settings) {
    for (std::uint32_t page = 0; page < kPages; ++page) ask(write(page + 1).on_page(page).at(0, kPage).filled_with(1));
    store->read_bytes = 0;
  }
};

// Three pages are written, a chunk of each.
struct ThinRig : ScrubRig {
  ThinRig() : ScrubRig(ImageId{9}, kThinPage, {.bytes_per_second = kRate}) {
    for (std::uint32_t page = 0; page < 3; ++page) {
      ask(write(page + 1).of_image(9).on_page(2 * page).at((page + 4) * kChunkBytes, kChunkBytes).filled_with(1));
    }
    store->read_bytes = 0;
  }
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

TEST_CASE("of a thin page a scrub reads, counts and waits for no more than is allocated") {
  ThinRig rig;
  rig.scrubber->start();
  CHECK(rig.status().most_bytes == 3 * kChunkBytes);
  REQUIRE(rig.ends_within(1s));  // its three chunks are three quarters of a second
  CHECK(rig.status().read_bytes == 3 * kChunkBytes);
  CHECK(rig.store->read_bytes == 3 * kChunkBytes);
}

TEST_CASE("where a store cannot tell what it has, a scrub says so, and reads the rest all the same") {
  ThinRig rig;
  const DamagedRange leaf{page_of(9, 1), 2 * kChunkBytes, 2 * kChunkBytes};
  rig.store->unknown = {leaf};
  rig.scrubber->start();
  REQUIRE(rig.ends_within(60s));
  CHECK(rig.status().damaged == std::vector{leaf});
  CHECK(rig.damage_lines == 1);
  CHECK(rig.status().damaged_blocks == 2 * kChunkBytes / kPhysicalBlockBytes);
  CHECK(rig.status().read_bytes == 3 * kChunkBytes);
}

TEST_CASE("what is not served just then is not counted as read, but told") {
  Rig rig;
  rig.store->short_of = 2;
  rig.scrubber->start();
  REQUIRE(rig.ends_within(60s));
  CHECK(rig.status().unread_bytes == 2 * kChunkBytes);
  CHECK(rig.status().read_bytes == kPages * kPage - 2 * kChunkBytes);
  CHECK(rig.status().damaged_blocks == 0);
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
