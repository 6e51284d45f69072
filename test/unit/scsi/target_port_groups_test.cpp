#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi::test;
using Bytes = std::vector<unsigned>;

namespace {

Cdb report_groups(unsigned format, std::uint32_t allocation_length = 0xffff) {
  return with(cdb({0xa3, format << 5 | 0x0a}), 6, allocation_length);
}
const Bytes kOnlyGroup{0x00, 0x01, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};

}  // namespace

TEST_CASE("there is one target port group, active and optimized, of the one port that page 83 names") {
  ScsiRig rig;
  const auto report = bytes(rig.run(report_groups(0)));
  CHECK(Bytes(report.begin(), report.begin() + 4) == Bytes{0, 0, 0, 12});
  CHECK(Bytes(report.begin() + 4, report.end()) == kOnlyGroup);
  const auto extended = bytes(rig.run(report_groups(1)));
  CHECK(Bytes(extended.begin(), extended.begin() + 8) == Bytes{0, 0, 0, 16, 0x10, 0, 0, 0});
  CHECK(Bytes(extended.begin() + 8, extended.end()) == kOnlyGroup);
}

TEST_CASE("initiators are told to ask for the groups and not to set them") {
  ScsiRig rig;
  CHECK(bytes(rig.run(cdb({0x12, 0, 0, 0, 96})))[5] >> 4 == 1);
  CHECK(ended(rig.run(cdb({0xa4, 0x0a}))) == check(5, 0x20, 0));
}

TEST_CASE("a report of groups is cut at the allocation length, and no other format is known") {
  ScsiRig rig;
  CHECK(bytes(rig.run(report_groups(0, 4))) == Bytes{0, 0, 0, 12});
  for (unsigned format = 2; format < 8; ++format) {
    const auto result = rig.run(report_groups(format));
    CHECK(ended(result) == kInvalidField);
    CHECK(field_pointer(result) == std::pair(0xcfu, 1u));
  }
}
