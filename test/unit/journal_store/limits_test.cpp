// What a journal store is asked for and cannot keep: it refuses, goes on, and opens again.
#include <catch2/catch.hpp>

#include "test/unit/journal_store/journal_store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

const PageId kPage = page_of(7, 0);

void check_that_it_goes_on(JournalStoreRig& rig) {
  CHECK_FALSE(rig.write(kPage, 0, 4096, 'a').has_value());
  rig.kill();
  rig.open();
  CHECK(rig.read(kPage, 0, 4096) == std::string(4096, 'a'));
}

}  // namespace

TEST_CASE("a note that is too long is refused") {
  JournalStoreRig rig;
  rig.open_with_image();
  CHECK(rig.describe(7, std::string(kMaxImageNoteBytes + 1, 'n')) == StoreError::no_space);
  CHECK(rig.store->image_note(ImageId{7})->text == "a volume");
  CHECK_FALSE(rig.describe(7, std::string(kMaxImageNoteBytes, 'n')).has_value());
  check_that_it_goes_on(rig);
}

TEST_CASE("an image is described with pages that can be, and keeps them") {
  JournalStoreRig rig;
  rig.open_with_image();
  for (const std::uint32_t bytes : {0u, 1u, kMinPageBytes / 2, kMinPageBytes + 1, kMaxPageBytes * 2}) {
    CHECK(rig.describe(8, "another", bytes) == StoreError::stale);
  }
  CHECK(rig.describe(7, "a volume", kRigPageBytes * 2) == StoreError::stale);
  CHECK_FALSE(rig.describe(7, "renamed").has_value());
  check_that_it_goes_on(rig);
}

TEST_CASE("records that lie outside of their image, or have other data than they say, are refused") {
  JournalStoreRig rig;
  rig.open_with_image();
  CHECK(rig.write(kPage, kRigPageBytes - 512, 1024, 'x') == StoreError::stale);
  CHECK(rig.write(page_of(7, kMaxImageBytes / kRigPageBytes), 0, 512, 'x') == StoreError::stale);
  CHECK(rig.write(page_of(9, 0), 0, 512, 'x') == StoreError::stale);
  CHECK(rig.clear(kPage, 0xffff'f000, 0x2000) == StoreError::stale);
  PageRecord record = data_record(kPage, 0, filled(4096, 'x'));
  record.length = 8192;
  CHECK(rig.apply(record) == StoreError::stale);
  check_that_it_goes_on(rig);
}

TEST_CASE("what a promise, a fence or an unmap has no use for is left out of it") {
  JournalStoreRig rig;
  rig.open_with_image();
  const Origin origin{.nexus = nexus_id(1), .generation = Generation{2}, .id = OperationId{3}};
  PageRecord record = clear_record(RecordKind::unmap, kPage, 0, kChunkBytes);
  record.attempt = 4;
  for (const RecordKind kind : {RecordKind::unmap, RecordKind::promise, RecordKind::fence}) {
    record.kind = kind;
    record.origin = origin;
    record.part = 5;
    CHECK_FALSE(rig.apply(record).has_value());
  }
  CHECK(rig.store->fences() == std::vector<Fence>{{ImageId{7}, nexus_id(1), Generation{2}}});
  check_that_it_goes_on(rig);
}

TEST_CASE("a promise of a page that its image does not have is kept like any other") {
  JournalStoreRig rig;
  rig.open_with_image();
  const PageId beyond = page_of(7, kMaxImageBytes);
  CHECK_FALSE(rig.promise(beyond, 3).has_value());
  check_that_it_goes_on(rig);
  CHECK(rig.store->promised(beyond) == Epoch{3});
}

TEST_CASE("a journal that is too short or too long is refused") {
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{16} * kChunkBytes - 1, std::uint64_t{5} << 30, ~std::uint64_t{0}}) {
    JournalStoreRig rig;
    rig.config.journal_bytes = bytes;
    CHECK_THAT(rig.try_open(), Catch::Contains(rig.config.path) && Catch::Contains("a journal of"));
  }
}

TEST_CASE("an image of which only a fence is known is one of the images, until it is dropped") {
  JournalStoreRig rig;
  rig.open_with_image();
  REQUIRE_FALSE(rig.fence(5, 1, 1).has_value());
  CHECK(rig.store->images() == std::vector{ImageId{5}, ImageId{7}});
  REQUIRE_FALSE(rig.drop(5).has_value());
  CHECK(rig.store->images() == std::vector{ImageId{7}});
}

TEST_CASE("a device is used as a whole, whatever a file may grow to") {
  JournalStoreRig rig;
  rig.config.path = "/dev/store";
  rig.config.capacity_bytes = 100 * kChunkBytes;
  REQUIRE(rig.host.runtime().make_directories("/dev").has_value());
  REQUIRE(rig.host.runtime().replace_whole(rig.config.path, std::string(300 * kChunkBytes, '\0')).has_value());
  rig.open();
  CHECK(rig.store->space().total_bytes == 300 * kChunkBytes);
}
