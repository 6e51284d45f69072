#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi::test;
using Bytes = std::vector<unsigned>;

namespace {

constexpr unsigned kPageFormat = 0x10;
constexpr unsigned kDescriptorSense = 0x04, kWriteProtect = 0x08;
const Ended kInvalidList = check(5, 0x26, 0), kLengthError = check(5, 0x1a, 0);

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Bytes kHeader6(4, 0), kHeader10(8, 0);
const Bytes kCaching = Bytes{0x08, 18, 0x04} + Bytes(17, 0);
const Bytes kExceptions = Bytes{0x1c, 10, 0x08} + Bytes(9, 0);
Bytes control(unsigned sense_bit, unsigned protect_bit) {
  return {0x0a, 10, 0x22 | sense_bit, 0x10, protect_bit, 0x40, 0, 0, 0xff, 0xff, 0, 0};
}

struct Rig : ScsiRig {
  using ScsiRig::ScsiRig;
  scsi::CommandResult select_6(const Bytes& list, unsigned flags = kPageFormat) {
    return give(cdb({0x15, flags, 0, 0, static_cast<unsigned>(list.size())}), text_of(list));
  }
  scsi::CommandResult select_10(const Bytes& list) {
    return give(with(cdb({0x55, kPageFormat}), 7, static_cast<std::uint16_t>(list.size())), text_of(list));
  }
  static std::string text_of(const Bytes& list) { return std::string(list.begin(), list.end()); }
  const ModeParameters& mode() const { return state->painted.mode; }
};

// {sense, byte and bit of the list that the field pointer names}
void check_points_at(const scsi::CommandResult& result, unsigned byte, unsigned bit) {
  CHECK(ended(result) == kInvalidList);
  CHECK(field_pointer(result) == std::pair(0x88u | bit, byte));
}

}  // namespace

TEST_CASE("D_SENSE and SWP are taken from the control page, by either command") {
  Rig rig;
  const auto result = rig.select_6(kHeader6 + control(kDescriptorSense, 0));
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 16);
  CHECK(rig.mode() == ModeParameters{.descriptor_sense = true});
  CHECK(ended(rig.select_10(kHeader10 + control(0, kWriteProtect))) == kGood);
  CHECK(rig.mode() == ModeParameters{.software_write_protect = true});
  CHECK(ended(rig.select_6(kHeader6 + control(0, 0))) == kGood);
  CHECK(rig.mode() == ModeParameters{});
}

TEST_CASE("what MODE SENSE answers can be given back as it is, header, descriptor and all") {
  Rig rig;
  rig.state->painted.mode = {.descriptor_sense = true, .software_write_protect = true};
  rig.unit->threshold_percent = 80;
  const Bytes all_6 = bytes(rig.run(cdb({0x1a, 0, 0x3f, 0xff, 255})));
  const Bytes all_10 = bytes(rig.run(with(cdb({0x5a, 0, 0x3f, 0xff}), 7, std::uint16_t{255})));
  CHECK(ended(rig.select_6(all_6)) == kGood);
  CHECK(ended(rig.select_10(all_10)) == kGood);
  CHECK(rig.state->changes.empty());
}

TEST_CASE("pages that cannot be changed are accepted as they are") {
  Rig rig;
  CHECK(ended(rig.select_6(kHeader6 + kExceptions + kCaching + control(0, 0))) == kGood);
  CHECK(ended(rig.select_6(kHeader6)) == kGood);
  CHECK(rig.state->changes.empty());
}

TEST_CASE("a bit that cannot be changed is pointed at, and nothing of the list counts") {
  Rig rig;
  Bytes caching = kCaching;
  caching[2] = 0x05;
  check_points_at(rig.select_6(kHeader6 + control(kDescriptorSense, 0) + caching), 4 + 12 + 2, 0);
  Bytes queueing = control(kDescriptorSense, kWriteProtect);
  queueing[3] = 0x00;
  check_points_at(rig.select_10(kHeader10 + queueing), 8 + 3, 4);
  Bytes exceptions = kExceptions;
  exceptions[11] = 1;
  check_points_at(rig.select_6(kHeader6 + exceptions), 4 + 11, 0);
  CHECK(rig.state->changes.empty());
}

TEST_CASE("the write cache of a unit whose GOOD is durable stays off, and that of another stays on") {
  Rig rig;
  Bytes on = kCaching, off = kCaching;
  on[2] = 0x04, off[2] = 0;
  check_points_at(rig.select_6(kHeader6 + off), 4 + 2, 2);
  rig.unit->write_cache = false;
  check_points_at(rig.select_6(kHeader6 + on), 4 + 2, 2);
  CHECK(ended(rig.select_6(kHeader6 + off)) == kGood);
  CHECK(rig.state->changes.empty());
}

TEST_CASE("pages, subpages and lengths that do not exist are pointed at") {
  Rig rig;
  check_points_at(rig.select_6(kHeader6 + Bytes{0x02, 10} + Bytes(10, 0)), 4, 5);
  check_points_at(rig.select_6(kHeader6 + Bytes{0x4a, 0x01, 0, 4} + Bytes(4, 0)), 4, 6);
  check_points_at(rig.select_6(kHeader6 + Bytes{0x5c, 0x03, 0, 20} + Bytes(20, 0)), 4, 6);
  check_points_at(rig.select_6(kHeader6 + Bytes{0x5c, 0x02, 0, 21} + Bytes(21, 0)), 6, 7);
  check_points_at(rig.select_6(kHeader6 + Bytes{0x5c, 0x02, 0, 20} + Bytes(19, 0) + Bytes{1}), 4 + 23, 0);
  check_points_at(rig.select_6(kHeader6 + Bytes{0x0a, 11} + Bytes(11, 0)), 5, 7);
  check_points_at(rig.select_6(kHeader6 + kCaching + Bytes{0x3f, 0}), 4 + 20, 5);
}

TEST_CASE("a list that ends within a header, a descriptor or a page is a length error") {
  Rig rig(1000);
  const Bytes descriptor{0, 0, 0x03, 0xe8, 0, 0, 0x02, 0x00};
  const Bytes whole_6 = Bytes{0, 0, 0, 8} + descriptor + control(kDescriptorSense, 0);
  for (std::size_t bytes = 1; bytes < whole_6.size(); ++bytes) {
    if (bytes == 12) continue;  // no page at all
    CHECK(ended(rig.select_6(Bytes(whole_6.begin(), whole_6.begin() + bytes))) == kLengthError);
  }
  const Bytes whole_10 = Bytes{0, 0, 0, 0, 0, 0, 0, 8} + descriptor + control(kDescriptorSense, 0);
  for (std::size_t bytes = 1; bytes < 16; ++bytes) {
    CHECK(ended(rig.select_10(Bytes(whole_10.begin(), whole_10.begin() + bytes))) == kLengthError);
  }
  CHECK(rig.state->changes.empty());
  CHECK(ended(rig.select_6(whole_6)) == kGood);
}

TEST_CASE("a block descriptor may name the size that there is, all of it, or none") {
  Rig rig(1000);
  for (const Bytes& blocks : {Bytes{0, 0, 0x03, 0xe8}, Bytes(4, 0xff), Bytes(4, 0)}) {
    CHECK(ended(rig.select_6(Bytes{0, 0, 0, 8} + blocks + Bytes{0, 0, 0x02, 0x00})) == kGood);
  }
  check_points_at(rig.select_6({0, 0, 0, 8, 0, 0, 0x03, 0xe7, 0, 0, 0x02, 0x00}), 4, 7);
  check_points_at(rig.select_6({0, 0, 0, 8, 0, 0, 0x03, 0xe8, 0, 0, 0x10, 0x00}), 9, 7);
  check_points_at(rig.select_6(Bytes{0, 0, 0, 16} + Bytes(16, 0)), 3, 7);
}

TEST_CASE("other medium types and long descriptors are refused") {
  Rig rig;
  check_points_at(rig.select_6({0, 1, 0, 0}), 1, 7);
  check_points_at(rig.select_10({0, 0, 1, 0, 0, 0, 0, 0}), 2, 7);
  check_points_at(rig.select_10({0, 0, 0, 0, 1, 0, 0, 0}), 4, 0);
}

TEST_CASE("nothing is saved, nothing reverts, and pages must be in the standard's format") {
  Rig rig;
  const Bytes list = kHeader6 + control(kDescriptorSense, 0);
  CHECK(ended(rig.select_6(list, kPageFormat | 0x01)) == kInvalidField);
  CHECK(ended(rig.select_6(list, kPageFormat | 0x02)) == kInvalidField);
  const auto result = rig.select_6(list, 0);
  CHECK(ended(result) == kInvalidField);
  CHECK(field_pointer(result) == std::pair(0xccu, 1u));
  CHECK(rig.state->changes.empty());
}

TEST_CASE("a list of no length changes nothing, one of which less is given is a length error") {
  Rig rig;
  CHECK(ended(rig.run(cdb({0x15, 0}))) == kGood);
  CHECK(ended(rig.run(cdb({0x15, kPageFormat, 0, 0, 16}))) == kLengthError);
  CHECK(ended(rig.give(cdb({0x15, kPageFormat, 0, 0, 16}), std::string(15, 0))) == kLengthError);
  CHECK(rig.state->changes.empty());
}

TEST_CASE("the other nexuses are told of a change, not of a list that changes nothing") {
  Rig rig;
  rig.select_6(kHeader6 + control(0, kWriteProtect));
  REQUIRE(rig.state->consequences.size() == 1);
  const auto& told = rig.state->consequences[0].announcements;
  REQUIRE(told.size() == 1);
  CHECK(told[0].attention == UnitAttention{0x2a, 0x01});
  CHECK(told[0].audience.includes(ScsiRig::other_port()));
  CHECK_FALSE(told[0].audience.includes(ScsiRig::port()));
  rig.select_6(kHeader6 + control(0, kWriteProtect));
  CHECK(rig.state->consequences.size() == 1);
}

TEST_CASE("MODE SELECT needs the right to write, and works while the unit is write protected") {
  Rig rig;
  rig.state->painted.mode.software_write_protect = true;
  rig.state->reserve(ReservationType::write_exclusive, ScsiRig::other_port());
  CHECK(ended(rig.select_6(kHeader6 + control(0, 0))) == Ended{0x18});
  rig.state->reserve(ReservationType::write_exclusive, ScsiRig::port());
  CHECK(ended(rig.select_6(kHeader6 + control(0, 0))) == kGood);
  CHECK_FALSE(rig.mode().software_write_protect);
}
