#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi::test;
using Bytes = std::vector<unsigned>;

TEST_CASE("the lists of defects that are asked for are there, empty, in the format that is asked for") {
  ScsiRig rig;
  for (unsigned asked = 0; asked < 0x20; ++asked) {
    CHECK(bytes(rig.run(with(cdb({0x37, 0, asked}), 7, std::uint16_t{32}))) == Bytes{0, asked, 0, 0});
    CHECK(bytes(rig.run(with(cdb({0xb7, asked}), 6, std::uint32_t{32}))) == Bytes{0, asked, 0, 0, 0, 0, 0, 0});
  }
}

TEST_CASE("READ DEFECT DATA is cut at the allocation length, and behind any descriptor there is nothing either") {
  ScsiRig rig;
  CHECK(rig.run(with(cdb({0x37, 0, 0x18}), 7, std::uint16_t{3})).transfer_bytes == 3);
  CHECK(bytes(rig.run(with(with(cdb({0xb7, 0x08}), 2, std::uint32_t{9}), 6, std::uint32_t{8}))) ==
        Bytes{0, 0x08, 0, 0, 0, 0, 0, 0});
}
