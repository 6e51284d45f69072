// What shoal-fsck finds: stores made by the real one, damaged, and checked.
#include "routing/journal_store/check/store_check.h"

#include <catch2/catch.hpp>

#include "routing/journal_store/superblock_set.h"
#include "test/unit/journal_store/damaged_store.h"
#include "test/unit/journal_store/format_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::test;
using Kind = Finding::Kind;

namespace {

JournalRecord clear_of(std::uint64_t page) {
  return {.kind = JournalKind::clear, .page = page_of(7, page), .blocks = 1, .version = {Epoch{1}, 1000}};
}

constexpr std::uint64_t kPagesOfImage = kMaxImageBytes / kRigPageBytes;

// A store with this as the one frame of its journal.
void leave_frame_of(DamagedStore& rig, const std::vector<JournalRecord>& records) {
  if (rig.store) rig.close();
  rig.open();
  rig.kill();
  const Superblock from = rig.superblock();
  const auto frame = journal::test::frame_of(
      records, {.chain = from.chain, .seq = from.replay.seq, .previous_crc = from.replay.previous_crc});
  std::string content = rig.bytes();
  content.replace(byte_of(block_of_ring(from.replay.block)), frame.size(), as_text(frame));
  rig.replace(std::move(content));
}

}  // namespace

TEST_CASE("a store that was closed is clean, and all of it was looked at") {
  DamagedStore rig;
  rig.close();
  const CheckReport report = rig.check();
  CHECK(report.findings.empty());
  CHECK(report.checked.blocks == (kRigPageBytes / kBlock) + 4);
  CHECK(report.frames == 0);
  REQUIRE(report.images.size() == 1);
  CHECK(report.images[0].id == ImageId{7});
  CHECK(report.images[0].note == "a volume");
  CHECK(report.images[0].allocated_bytes == 5 * kChunkBytes);
  CHECK(report.superblock.store == rig.superblock().store);
}

TEST_CASE("a store that was killed is clean, and its journal is replayed for that, but only in memory") {
  DamagedStore rig;
  rig.kill();
  const std::string before = rig.bytes();
  const CheckReport report = rig.check();
  CHECK(report.findings.empty());
  CHECK(report.frames > 0);
  CHECK(report.journal_blocks == 4);
  CHECK(rig.bytes() == before);
}

TEST_CASE("stores that lose their power while they work are clean") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    JournalStoreRig rig(seed);
    rig.open_with_image();
    SeededRandom random(seed);
    for (int i = 0; i < 300; ++i) {
      const auto offset = static_cast<std::uint32_t>(random.below(60)) * kBlock;
      const auto length = static_cast<std::uint32_t>(1 + random.below(4)) * kBlock;
      auto record = data_record(page_of(7, random.below(50)), std::min(offset, kRigPageBytes - length),
                                filled(length, 'a' + i % 26));
      (void)rig.start(std::move(record));
      for (int steps = 0; steps < 20; ++steps) rig.world.step();
    }
    rig.crash();
    std::optional<CheckReport> report;
    const auto checking = check_store(
        rig.host.runtime(), {.path = kPath, .data = true}, [](const CheckProgress&) {},
        [&](Result<CheckReport, std::string> outcome) { report = std::move(*outcome); });
    REQUIRE(rig.run_until([&] { return report.has_value(); }));
    for (const Finding& finding : report->findings) FAIL_CHECK(describe(finding));
  }
}

TEST_CASE("a store that is open, and what is no store, are not checked") {
  DamagedStore rig;
  CHECK_THAT(rig.why_not_checked(), Catch::Contains("in use"));
  rig.close();
  rig.replace(std::string(1 << 20, 'x'));
  CHECK_THAT(rig.why_not_checked(), Catch::Contains("no store"));
  rig.replace("short");
  CHECK_THAT(rig.why_not_checked(), Catch::Contains("no store"));
}

TEST_CASE("a block of data that has rotted is found with its place, and only if data are read") {
  DamagedStore rig;
  rig.close();
  // The journal, which lies in front, has them as well.
  const std::size_t at = rig.bytes().rfind(std::string(4 * kBlock, 'b'));
  REQUIRE(at != std::string::npos);
  rig.flip(at + kBlock + 5);
  CHECK(rig.check(false).findings.empty());
  const CheckReport report = rig.check();
  REQUIRE(kinds_of(report) == std::vector{Kind::data});
  CHECK(report.findings[0].range == ImageRange{ImageId{7}, kRigPageBytes + kBlock, kBlock, kRigPageBytes});
  CHECK(report.findings[0].byte == at + kBlock);
  CHECK_THAT(describe(report.findings[0]), Catch::Contains("image 7, page 1, offset 4096, 4096 bytes"));
}

TEST_CASE("each damaged copy of the superblock is found") {
  DamagedStore rig;
  rig.close();
  for (const BlockNumber place : all_superblock_places()) {
    rig.flip(byte_of(place) + 20);
    const CheckReport report = rig.check();
    CHECK(kinds_of(report) == std::vector{Kind::superblock});
    CHECK(report.findings[0].byte == byte_of(place));
    rig.flip(byte_of(place) + 20);
  }
  CHECK(rig.check().findings.empty());
}

TEST_CASE("a damaged node is found with the range that hangs on it") {
  DamagedStore rig;
  rig.close();
  rig.flip(rig.root_of_image() + 100);
  const CheckReport report = rig.check();
  const auto kinds = kinds_of(report);
  REQUIRE(std::count(kinds.begin(), kinds.end(), Kind::node) == 1);
  CHECK(std::count(kinds.begin(), kinds.end(), Kind::leak) > 0);
  CHECK(report.findings[0].range == ImageRange{ImageId{7}, 0, kChunksPerLeaf * kChunkBytes, kRigPageBytes});
}

TEST_CASE("a damaged space map is found, and the rest is checked all the same") {
  DamagedStore rig;
  rig.close();
  rig.flip(byte_of(rig.superblock().space.at) + 1000);
  const CheckReport report = rig.check();
  CHECK(kinds_of(report) == std::vector{Kind::space_map});
  CHECK(report.data_checked);
}

TEST_CASE("behind a damaged catalog nothing is known, and that is said") {
  DamagedStore rig;
  rig.close();
  rig.flip(byte_of(rig.superblock().catalog.at) + 70);
  const CheckReport report = rig.check();
  CHECK(kinds_of(report) == std::vector{Kind::catalog});
  CHECK(report.not_checked.size() == 3);
}

TEST_CASE("a damaged frame is found, with the changes that were promised behind it") {
  DamagedStore rig;
  for (int i = 0; i < 4; ++i) REQUIRE_FALSE(rig.write(kOther, 0, kBlock, 'c' + i).has_value());
  rig.kill();
  const std::size_t at = rig.bytes().find(std::string(kBlock, 'd'));
  REQUIRE(at != std::string::npos);
  rig.flip(at);
  CHECK_THAT(rig.try_open(), Catch::Contains("the journal is damaged"));
  const CheckReport report = rig.check();
  REQUIRE(kinds_of(report).size() == 3);
  CHECK_THAT(report.findings[0].what, Catch::Contains("was durable and cannot be read"));
  CHECK(report.findings[1].range == ImageRange{ImageId{7}, kRigPageBytes, kBlock, kRigPageBytes});
  CHECK_FALSE(report.data_checked);
}

TEST_CASE("a change behind the last page that an image may have is one that no sound store would have written") {
  DamagedStore rig;
  leave_frame_of(rig, {clear_of(kPagesOfImage - 1)});
  CHECK(rig.check().findings.empty());
  leave_frame_of(rig, {clear_of(kPagesOfImage)});
  const CheckReport report = rig.check();
  REQUIRE_FALSE(report.findings.empty());
  CHECK_THAT(report.findings[0].what, Catch::Contains("no sound store would have written"));
}

TEST_CASE("of a frame that was applied in part every change is listed as lost") {
  DamagedStore rig;
  leave_frame_of(rig, {clear_of(0), clear_of(kPagesOfImage)});
  const CheckReport report = rig.check();
  CHECK(report.frames == 0);
  REQUIRE(report.findings.size() == 3);
  CHECK_THAT(report.findings[0].what, Catch::Contains("no sound store would have written"));
  CHECK(report.findings[1].range == ImageRange{ImageId{7}, 0, kBlock, kRigPageBytes});
  rig.repair_to_clean(true);
}
