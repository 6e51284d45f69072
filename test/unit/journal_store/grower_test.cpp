// A store in a file, and the room of the file system that it grows into.
#include "routing/journal_store/file_system_margin.h"

#include <catch2/catch.hpp>

#include "test/unit/journal_store/journal_store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;
using journal::kFileSystemMargin;

TEST_CASE("a store leaves a margin of its file system to others, and grows by no more than what is above it") {
  JournalStoreRig rig;
  rig.config.capacity_bytes = 0;
  rig.open_with_image();
  const std::uint64_t before = rig.file_bytes();
  rig.close();
  const std::uint64_t file_system = before + 5 * kChunkBytes + kFileSystemMargin;
  rig.config.file_system_room = [&] { return FileSystemRoom{5, file_system - rig.file_bytes()}; };
  rig.open();
  std::uint64_t page = 0;
  while (!rig.write(page_of(7, page), 0, kRigPageBytes, 'f').has_value()) ++page;
  CHECK(rig.file_bytes() == before + 5 * kChunkBytes);
  CHECK(rig.store->space().growth_bytes == 0);
  CHECK(rig.store->state().in_service);
}

TEST_CASE("a store that was full grows when its file system has got room") {
  JournalStoreRig rig;
  rig.config.capacity_bytes = 0;
  std::uint64_t room = kFileSystemMargin + 64 * kChunkBytes;
  rig.config.file_system_room = [&] { return FileSystemRoom{5, room}; };
  rig.open_with_image();
  room = kFileSystemMargin / 2;
  std::uint64_t page = 0;
  while (!rig.write(page_of(7, page), 0, kRigPageBytes, 'f').has_value()) ++page;
  room = std::uint64_t{1} << 30;
  rig.world.run_for(60s);
  CHECK_FALSE(rig.write(page_of(7, page), 0, kRigPageBytes, 'g').has_value());
}

TEST_CASE("a store that is made leaves the margin as well, and where that is too little writes nothing") {
  JournalStoreRig rig;
  std::uint64_t room = kFileSystemMargin + 12 * kChunkBytes;
  rig.config.file_system_room = [&] { return FileSystemRoom{5, room}; };
  CHECK_THAT(rig.try_open(), Catch::Contains("/data/store") && Catch::Contains("no room"));
  CHECK(rig.file_bytes() == 0);
  room = kFileSystemMargin + 60 * kChunkBytes;
  CHECK(rig.try_open().empty());
  CHECK(rig.file_bytes() == 60 * kChunkBytes);
}
