#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi::test;
using Bytes = std::vector<unsigned>;

namespace {

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Bytes letters(std::string_view text) { return numbers(as_bytes(text)); }
Bytes zeros(std::size_t count) { return Bytes(count, 0); }

const Bytes kStandard = Bytes{0x00, 0x00, 0x06, 0x12, 91, 0x18, 0x00, 0x02} + letters("SHOAL   VOLUME          0001") +
                        zeros(22) + Bytes{0x00, 0xa0, 0x04, 0x60, 0x04, 0xc0, 0x09, 0x60} + zeros(30);

Cdb inquiry(std::uint16_t allocation_length) { return with(cdb({0x12}), 3, allocation_length); }

}  // namespace

TEST_CASE("standard inquiry data name vendor, product and the standards") {
  ScsiRig rig;
  CHECK(bytes(rig.run(inquiry(0xffff))) == kStandard);
}

TEST_CASE("inquiry data are cut at the allocation length, the lengths in them stay") {
  ScsiRig rig;
  const auto result = rig.run(inquiry(5));
  CHECK(bytes(result) == Bytes(kStandard.begin(), kStandard.begin() + 5));
  CHECK(result.transfer_bytes == 5);
  const auto nothing = rig.run(inquiry(0));
  CHECK(ended(nothing) == kGood);
  CHECK(nothing.transfer_bytes == 0);
  CHECK(nothing.data.empty());
}

TEST_CASE("another LUN has no peripheral, and no vital product data") {
  ScsiRig rig;
  const auto standard = bytes(rig.run(inquiry(255), 0x0001000000000000));
  CHECK(standard.size() == kStandard.size());
  CHECK(standard[0] == 0x7f);
  CHECK(ended(rig.run(vital_product_data(0), 0x0001000000000000)) == check(5, 0x25, 0));
}

TEST_CASE("LUN 0 is also found in the flat space") {
  ScsiRig rig;
  CHECK(bytes(rig.run(inquiry(255), 0x4000000000000000))[0] == 0x00);
}

TEST_CASE("a page code without EVPD is refused") {
  ScsiRig rig;
  const auto result = rig.run(cdb({0x12, 0, 0x80, 0, 255}));
  CHECK(ended(result) == kInvalidField);
  CHECK(field_pointer(result) == std::pair(0xcfu, 2u));
}

TEST_CASE("a page that does not exist is refused") {
  ScsiRig rig;
  for (const unsigned page : {0x01u, 0x82u, 0x84u, 0xb3u, 0xffu})
    CHECK(ended(rig.run(vital_product_data(page))) == kInvalidField);
}

TEST_CASE("the supported pages are sorted, and each can be read") {
  ScsiRig rig;
  const auto pages = bytes(rig.run(vital_product_data(0)));
  REQUIRE(pages == Bytes{0x00, 0x00, 0x00, 10, 0x00, 0x80, 0x83, 0x86, 0x87, 0x88, 0x8f, 0xb0, 0xb1, 0xb2});
  for (std::size_t i = 4; i < pages.size(); ++i) {
    const auto page = bytes(rig.run(vital_product_data(pages[i])));
    CHECK(page[1] == pages[i]);
    CHECK((page[2] << 8 | page[3]) == page.size() - 4);
  }
}

TEST_CASE("page 80 is the serial number") {
  ScsiRig rig;
  CHECK(bytes(rig.run(vital_product_data(0x80))) == Bytes{0x00, 0x80, 0x00, 11} + letters("serial-0001"));
}

TEST_CASE("page 83 names unit, port and device as the group's only ones") {
  ScsiRig rig;
  const Bytes unit = Bytes{0x01, 0x03, 0, 8, 0x31, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef} +
                     Bytes{0x02, 0x01, 0, 19} + letters("SHOAL   serial-0001");
  const Bytes port = Bytes{0x51, 0x94, 0, 4, 0, 0, 0, 1} + Bytes{0x51, 0x95, 0, 4, 0, 0, 0, 1} +
                     Bytes{0x53, 0x98, 0, 32} + letters("iqn.2025-01.test:vol,t,0x0001") + zeros(3);
  const Bytes target = Bytes{0x53, 0xa8, 0, 24} + letters("iqn.2025-01.test:vol") + zeros(4);
  const Bytes all = unit + port + target;
  CHECK(bytes(rig.run(vital_product_data(0x83))) == Bytes{0x00, 0x83, 0x00, static_cast<unsigned>(all.size())} + all);
}

TEST_CASE("a name of a multiple of four bytes still ends with zeros") {
  ScsiRig rig;
  const auto page = bytes(rig.run(vital_product_data(0x83)));
  CHECK(Bytes(page.end() - 4, page.end()) == zeros(4));
}

TEST_CASE("the longest target name fits into page 83") {
  ScsiRig rig;
  rig.unit->target_name = "iqn." + std::string(219, 'x');
  const auto page = bytes(rig.run(vital_product_data(0x83)));
  CHECK((page[2] << 8 | page[3]) == page.size() - 4);
}

TEST_CASE("page 86 tells the task attributes and the volatile cache") {
  ScsiRig rig;
  CHECK(bytes(rig.run(vital_product_data(0x86))) == Bytes{0x00, 0x86, 0x00, 60, 0x00, 0x07, 0x01} + zeros(57));
  rig.unit->write_cache = false;
  CHECK(bytes(rig.run(vital_product_data(0x86)))[6] == 0);
}

TEST_CASE("page 87 says that all mode pages are shared by all nexuses") {
  ScsiRig rig;
  CHECK(bytes(rig.run(vital_product_data(0x87))) == Bytes{0x00, 0x87, 0x00, 4, 0x3f, 0xff, 0x00, 0x00});
}

TEST_CASE("page 88 names the group's only port as page 83 does") {
  ScsiRig rig;
  const Bytes port = Bytes{0x53, 0x98, 0, 32} + letters("iqn.2025-01.test:vol,t,0x0001") + zeros(3);
  CHECK(bytes(rig.run(vital_product_data(0x88))) ==
        Bytes{0x00, 0x88, 0x00, 48, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 36} + port);
}

TEST_CASE("page B0 tells the limits of a command") {
  ScsiRig rig;
  CHECK(bytes(rig.run(vital_product_data(0xb0))) ==
        Bytes{0x00, 0xb0, 0x00, 60, 0x00, 128, 0x00, 8,                    // compare and write, granularity
              0,    1,    0,    0,  0,    0,   0,    0, 0, 0,    0, 0,     // transfer
              0,    0x10, 0,    0,  0,    0,   1,    0, 0, 0,    0, 0x80,  // unmap
              0x80, 0,    0,    0,  0,    0,   0,    0, 0, 0x40, 0, 0,     // write same
              0,    0,    0,    8,  0,    0,   0,    8, 0, 0,    0, 8} +   // atomic: length, alignment, granularity
            zeros(8));
}

TEST_CASE("page B1 says that nothing rotates") {
  ScsiRig rig;
  CHECK(bytes(rig.run(vital_product_data(0xb1))) == Bytes{0x00, 0xb1, 0x00, 60, 0x00, 0x01, 0x00, 0x40} + zeros(56));
}

TEST_CASE("page B2 of a thin unit says how blocks are unmapped and that they read as zeros") {
  ScsiRig rig;
  CHECK(bytes(rig.run(vital_product_data(0xb2))) == Bytes{0x00, 0xb2, 0x00, 4, 0x0b, 0xe4, 0x02, 0x00});
  rig.unit->threshold_percent = 80;
  CHECK(bytes(rig.run(vital_product_data(0xb2)))[7] == 10);
}

TEST_CASE("a unit that is not thin promises no unmapping") {
  ScsiRig rig;
  rig.unit->thin = false;
  CHECK(bytes(rig.run(vital_product_data(0xb2))) == Bytes{0x00, 0xb2, 0x00, 4, 0x00, 0x00, 0x00, 0x00});
  const auto limits = bytes(rig.run(vital_product_data(0xb0)));
  CHECK(Bytes(limits.begin() + 20, limits.begin() + 36) == zeros(16));
}
