#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using namespace shoal::scsi::test;

namespace {

Cdb get_lba_status(std::uint64_t lba, std::uint32_t allocation_length) {
  return with(with(cdb({0x9e, 0x12}), 2, lba), 10, allocation_length);
}

struct Told {
  std::uint64_t first;
  std::uint32_t blocks;
  bool mapped;
  bool operator==(const Told&) const = default;
};
std::ostream& operator<<(std::ostream& to, const Told& told) {
  return to << told.first << '+' << told.blocks << (told.mapped ? " mapped" : " not");
}

std::vector<Told> told(const CommandResult& result) {
  const Slice list = flatten(result.data);
  std::vector<Told> all;
  for (std::size_t at = 8; at + 16 <= list.size(); at += 16) {
    const ByteSpan descriptor = list.bytes().subspan(at);
    all.push_back(
        {load_be<std::uint64_t>(descriptor), load_be<std::uint32_t>(descriptor, 8), descriptor[12] == std::byte{0}});
  }
  return all;
}

}  // namespace

TEST_CASE("GET LBA STATUS of a block that is not there is out of range, the unit's end included") {
  ScsiRig rig(100);
  for (const std::uint64_t lba : {std::uint64_t{100}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    CHECK(ended(rig.run(get_lba_status(lba, 24))) == kOutOfRange);
  }
  CHECK(rig.device->log.empty());
}

TEST_CASE("GET LBA STATUS tells the extents from the block that it names to the unit's end") {
  ScsiRig rig(100);
  rig.device->fill(10, 20, 'a');
  CHECK(told(rig.run(get_lba_status(4, 1000))) == std::vector<Told>{{4, 6, false}, {10, 20, true}, {30, 70, false}});
  CHECK(told(rig.run(get_lba_status(15, 1000))) == std::vector<Told>{{15, 15, true}, {30, 70, false}});
}

TEST_CASE("what a device tells in pieces is one extent") {
  ScsiRig rig(1000);
  rig.device->lba_status_blocks = 100;
  CHECK(told(rig.run(get_lba_status(0, 24))) == std::vector<Told>{{0, 1000, false}});
  CHECK(rig.device->log.size() == 10);
}

TEST_CASE("a device that tells little at a time is not asked for ever") {
  ScsiRig rig(1000);
  rig.device->lba_status_blocks = 1;
  CHECK(told(rig.run(get_lba_status(0, 24))) == std::vector<Told>{{0, 64, false}});
}

TEST_CASE("GET LBA STATUS asks for no more than it has room to tell") {
  ScsiRig rig(100);
  for (std::uint64_t lba = 0; lba < 100; lba += 2) rig.device->fill(lba, 1, 'a');
  const auto result = rig.run(get_lba_status(0, 8 + 2 * 16 + 15));
  CHECK(bytes(result).size() == 8 + 2 * 16);
  CHECK(bytes(result)[3] == 4 + 2 * 16);
  CHECK(rig.device->log.size() == 3);
}

TEST_CASE("a list that does not fit is cut, not refused") {
  ScsiRig rig(100);
  for (const unsigned length : {0u, 7u, 8u, 23u}) {
    const auto result = rig.run(get_lba_status(0, length));
    CHECK(ended(result) == kGood);
    CHECK(bytes(result).size() == length);
  }
}

TEST_CASE("GET LBA STATUS fails as its device does") {
  ScsiRig rig(100);
  rig.device->fail_at(0, IoStatus::owner_silent);
  CHECK(ended(rig.run(get_lba_status(0, 24))) == check(2, 4, 1));
}
