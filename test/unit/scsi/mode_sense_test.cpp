#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi::test;
using Bytes = std::vector<unsigned>;

namespace {

constexpr unsigned kDbd = 0x08;

Cdb mode_sense_6(unsigned page, unsigned subpage = 0, unsigned flags = 0, unsigned allocation_length = 255) {
  return cdb({0x1a, flags, page, subpage, allocation_length});
}
Cdb mode_sense_10(unsigned page, unsigned subpage = 0, unsigned flags = 0) {
  return with(cdb({0x5a, flags, page, subpage}), 7, std::uint16_t{0xffff});
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Bytes kRecovery = Bytes{0x01, 10, 0, 0, 0, 0, 0, 0x80} + Bytes(4, 0);
const Bytes kCaching = Bytes{0x08, 18, 0x04} + Bytes(17, 0);
const Bytes kControl{0x0a, 10, 0x22, 0x10, 0, 0x40, 0, 0, 0xff, 0xff, 0, 0};
const Bytes kExceptions = Bytes{0x1c, 10, 0x08} + Bytes(9, 0);
const Bytes kProvisioning = Bytes{0x5c, 0x02, 0, 20} + Bytes(20, 0);
const Bytes kDescriptor{0, 0, 0x03, 0xe8, 0, 0, 0x02, 0x00};

}  // namespace

TEST_CASE("MODE SENSE(6) of all pages: header, block descriptor, pages in ascending order") {
  ScsiRig rig;
  const Bytes pages = kRecovery + kCaching + kControl + kExceptions;
  CHECK(bytes(rig.run(mode_sense_6(0x3f))) == Bytes{67, 0, 0x10, 8} + kDescriptor + pages);
  CHECK(bytes(rig.run(mode_sense_6(0x3f, 0xff))) == Bytes{91, 0, 0x10, 8} + kDescriptor + pages + kProvisioning);
}

TEST_CASE("MODE SENSE(10) has a longer header") {
  ScsiRig rig;
  CHECK(bytes(rig.run(mode_sense_10(0x3f))) ==
        Bytes{0, 70, 0, 0x10, 0, 0, 0, 8} + kDescriptor + kRecovery + kCaching + kControl + kExceptions);
  CHECK(bytes(rig.run(mode_sense_10(0x0a, 0, kDbd))) == Bytes{0, 18, 0, 0x10, 0, 0, 0, 0} + kControl);
}

TEST_CASE("DBD leaves out the block descriptor, one page is only that page") {
  ScsiRig rig;
  CHECK(bytes(rig.run(mode_sense_6(0x08, 0, kDbd))) == Bytes{23, 0, 0x10, 0} + kCaching);
  CHECK(bytes(rig.run(mode_sense_6(0x1c, 0x00, kDbd))) == Bytes{15, 0, 0x10, 0} + kExceptions);
  CHECK(bytes(rig.run(mode_sense_6(0x1c, 0x02, kDbd))) == Bytes{27, 0, 0x10, 0} + kProvisioning);
  CHECK(bytes(rig.run(mode_sense_6(0x1c, 0xff, kDbd))) == Bytes{39, 0, 0x10, 0} + kExceptions + kProvisioning);
}

TEST_CASE("the page of logical block provisioning tells at how many percent available every nexus is told") {
  ScsiRig rig;
  rig.unit->threshold_percent = 80;
  const Bytes enabled = Bytes{0x5c, 0x02, 0, 20} + Bytes(12, 0) + Bytes{0x88, 3, 0, 0, 0, 0, 0, 20};
  CHECK(bytes(rig.run(mode_sense_6(0x1c, 0x02, kDbd))) == Bytes{27, 0, 0x10, 0} + enabled);
  CHECK(bytes(rig.run(mode_sense_6(0x40 | 0x1c, 0x02, kDbd))) == Bytes{27, 0, 0x10, 0} + kProvisioning);
}

TEST_CASE("the caching page tells whether GOOD is durable") {
  ScsiRig rig;
  rig.unit->write_cache = false;
  CHECK(bytes(rig.run(mode_sense_6(0x08, 0, kDbd)))[6] == 0x00);
}

TEST_CASE("D_SENSE and SWP are changeable, and nothing else") {
  ScsiRig rig;
  const Bytes changeable = Bytes{0x01, 10} + Bytes(10, 0) + Bytes{0x08, 18} + Bytes(18, 0) +
                           Bytes{0x0a, 10, 0x04, 0, 0x08} + Bytes(7, 0) + Bytes{0x1c, 10} + Bytes(10, 0);
  CHECK(bytes(rig.run(mode_sense_6(0x40 | 0x3f, 0, kDbd))) == Bytes{59, 0, 0x10, 0} + changeable);
}

TEST_CASE("what was changed is current, and the unit says so when it is write protected") {
  ScsiRig rig;
  rig.state->painted.mode = {.descriptor_sense = true, .software_write_protect = true};
  const auto control = bytes(rig.run(mode_sense_6(0x0a, 0, kDbd)));
  CHECK(Bytes(control.begin(), control.begin() + 10) == Bytes{15, 0, 0x90, 0, 0x0a, 10, 0x26, 0x10, 0x08, 0x40});
  CHECK(bytes(rig.run(mode_sense_10(0x0a, 0, kDbd)))[3] == 0x90);
  CHECK(bytes(rig.run(mode_sense_6(0x80 | 0x0a, 0, kDbd)))[6] == 0x22);
}

TEST_CASE("defaults are what is current as long as nothing was changed") {
  ScsiRig rig;
  CHECK(bytes(rig.run(mode_sense_6(0x80 | 0x3f))) == bytes(rig.run(mode_sense_6(0x3f))));
}

TEST_CASE("saved values are refused as such") {
  ScsiRig rig;
  CHECK(ended(rig.run(mode_sense_6(0xc0 | 0x3f))) == check(5, 0x39, 0));
  CHECK(ended(rig.run(mode_sense_10(0xc0 | 0x08))) == check(5, 0x39, 0));
}

TEST_CASE("pages and subpages that do not exist are refused") {
  ScsiRig rig;
  CHECK(ended(rig.run(mode_sense_6(0x02))) == kInvalidField);
  CHECK(ended(rig.run(mode_sense_6(0x00))) == kInvalidField);
  CHECK(ended(rig.run(mode_sense_6(0x0a, 0x01))) == kInvalidField);
  for (const unsigned subpage : {0x01u, 0x02u}) CHECK(ended(rig.run(mode_sense_10(0x3f, subpage))) == kInvalidField);
  CHECK(field_pointer(rig.run(mode_sense_6(0x0a, 0x01))) == std::pair(0xcfu, 3u));
}

TEST_CASE("mode data are cut at the allocation length, the mode data length stays") {
  ScsiRig rig;
  const auto result = rig.run(mode_sense_6(0x3f, 0, 0, 4));
  CHECK(bytes(result) == Bytes{67, 0, 0x10, 8});
  CHECK(result.transfer_bytes == 4);
}

TEST_CASE("a unit of more than 2^32 blocks has all ones in its block descriptor") {
  ScsiRig rig(std::uint64_t{1} << 33);
  const auto mode = bytes(rig.run(mode_sense_6(0x08)));
  CHECK(Bytes(mode.begin() + 4, mode.begin() + 8) == Bytes(4, 0xff));
}
