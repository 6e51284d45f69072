// Leaves of which every chunk was unmapped go, and the newest version of what they had stays.
#include <catch2/catch.hpp>

#include "test/unit/journal_store/journal_store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

constexpr std::uint32_t kSparsePageBytes = 4u << 20;  // more than a leaf
constexpr std::uint64_t kPages = 100;

struct EmptiedRig : JournalStoreRig {
  EmptiedRig() {
    open();
    if (describe(7, "a volume", kSparsePageBytes)) throw std::runtime_error("an image was not described");
  }

  Version change(PageRecord record) {
    record.version = {kFirstEpoch, ++seq};
    if (apply(record)) throw std::runtime_error("a change was refused");
    return record.version;
  }
  Version write_at(std::uint64_t page, std::uint32_t offset = 0) {
    return change(data_record(page_of(7, page), offset, filled(4096, 'x')));
  }
  Version unmap(std::uint64_t page) {
    return change(clear_record(RecordKind::unmap, page_of(7, page), 0, kSparsePageBytes));
  }
  void reopen() {
    close();
    open();
  }
  std::vector<VersionedRange> newer(std::uint64_t page, const Version& than) {
    std::optional<std::vector<VersionedRange>> ranges;
    store->versions_since(page_of(7, page), than, [&](auto answer) { ranges = std::move(*answer); });
    if (!run_until([&] { return ranges.has_value(); })) throw std::runtime_error("versions were never told");
    return *ranges;
  }
  bool is_newer(std::uint64_t page, const Version& than, const Version& version) {
    const auto ranges = newer(page, than);
    return !ranges.empty() && ranges.front() == VersionedRange{0, kChunkBytes, version};
  }

  std::uint64_t seq = 0;
};

}  // namespace

TEST_CASE("unmapping gives back metadata, too") {
  EmptiedRig rig;
  rig.reopen();
  const std::uint64_t free = rig.free_chunks();
  for (std::uint64_t page = 0; page < kPages; ++page) rig.write_at(page);
  rig.reopen();
  CHECK(rig.free_chunks() < free - kPages);
  for (std::uint64_t page = 0; page < kPages; ++page) rig.unmap(page);
  rig.reopen();
  CHECK(rig.free_chunks() == free);
  CHECK(rig.list(7).empty());
}

TEST_CASE("the version of what was unmapped is told when its leaf is gone") {
  EmptiedRig rig;
  const Version written = rig.write_at(3);
  rig.write_at(50);
  const Version unmapped = rig.unmap(3);
  rig.reopen();
  CHECK(rig.is_newer(3, written, unmapped));
  CHECK(rig.newer(3, unmapped).empty());
  CHECK(rig.newer(20, {}).empty());
}

TEST_CASE("the version of an image that was unmapped as a whole is told") {
  EmptiedRig rig;
  rig.write_at(3);
  rig.write_at(50);
  rig.unmap(3);
  const Version last = rig.unmap(50);
  rig.reopen();
  CHECK(rig.is_newer(50, {}, last));
  CHECK(rig.newer(50, last).empty());
  CHECK(rig.read(page_of(7, 3), 0, 4096) == std::string(4096, '\0'));
}

TEST_CASE("what is written where a leaf was does not hide that the rest of it was unmapped") {
  EmptiedRig rig;
  rig.write_at(0, kChunkBytes);
  const Version unmapped = rig.unmap(0);
  rig.reopen();
  rig.write_at(0, 2 * kChunkBytes);
  rig.write_at(5000);  // makes the tree higher
  rig.reopen();
  const auto newer = rig.newer(0, {});
  REQUIRE(newer.size() >= 3);
  CHECK(newer[1] == VersionedRange{kChunkBytes, kChunkBytes, unmapped});
  CHECK(newer[2].version > unmapped);
}

TEST_CASE("a shortage of memory while a store is opened hides none of its nodes") {
  const auto reads_before = GENERATE(range(0u, 6u));
  EmptiedRig rig;
  rig.reopen();
  const std::uint64_t free = rig.free_chunks();
  for (std::uint64_t page = 0; page < kPages; ++page) rig.write_at(page);
  rig.close();
  rig.disk().fail_next(sim::DiskCall::read, FileError::no_resources, reads_before);
  if (!rig.try_open().empty()) rig.open();
  for (std::uint64_t page = 0; page < kPages; ++page) rig.unmap(page);
  rig.reopen();
  CHECK(rig.free_chunks() == free);
}
