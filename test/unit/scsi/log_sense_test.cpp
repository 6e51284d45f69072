#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi::test;
using Bytes = std::vector<unsigned>;

namespace {

Cdb log_sense(unsigned page, unsigned subpage = 0, std::uint16_t allocation_length = 255) {
  constexpr unsigned kCumulative = 0x40;
  return with(cdb({0x4d, 0, kCumulative | page, subpage}), 7, allocation_length);
}

}  // namespace

TEST_CASE("the supported log pages are listed, with their subpages where those are asked for") {
  ScsiRig rig;
  CHECK(bytes(rig.run(log_sense(0x00))) == Bytes{0x80, 0, 0, 2, 0x00, 0x2f});
  CHECK(bytes(rig.run(log_sense(0x00, 0xff))) ==
        Bytes{0xc0, 0xff, 0, 8, 0x00, 0x00, 0x00, 0xff, 0x2f, 0x00, 0x2f, 0xff});
  CHECK(bytes(rig.run(log_sense(0x2f, 0xff))) == Bytes{0xef, 0xff, 0, 4, 0x2f, 0x00, 0x2f, 0xff});
}

TEST_CASE("how much of its stores is used and available is told in units of 1 MiB, as shared with others") {
  ScsiRig rig;
  rig.unit->space = [] {
    return PoolSpace{.used_bytes = (5 << 20) + 1, .available_bytes = (3 << 20) - 1, .available_percent = 37};
  };
  CHECK(bytes(rig.run(log_sense(0x0c))) == Bytes{0x8c, 0, 0,    36,                              //
                                                 0,    1, 0x03, 8,  0, 0, 0, 2,  0x02, 0, 0, 0,  //
                                                 0,    2, 0x03, 8,  0, 0, 0, 6,  0x02, 0, 0, 0,  //
                                                 0,    3, 0x03, 8,  0, 0, 0, 37, 0x02, 0, 0, 0});
  CHECK(bytes(rig.run(log_sense(0x00))) == Bytes{0x80, 0, 0, 3, 0x00, 0x0c, 0x2f});
}

TEST_CASE("a unit of which that is not known, or that is not thin, has no provisioning page") {
  ScsiRig rig;
  rig.unit->space = [] { return std::optional<PoolSpace>(); };
  CHECK(ended(rig.run(log_sense(0x0c))) == kInvalidField);
  rig.unit->space = [] { return PoolSpace{1, 1, 50}; };
  CHECK(ended(rig.run(log_sense(0x0c))) == kGood);
  rig.unit->thin = false;
  CHECK(ended(rig.run(log_sense(0x0c))) == kInvalidField);
}

TEST_CASE("each page that is listed can be read, and says of itself what it is") {
  ScsiRig rig;
  rig.unit->space = [] { return PoolSpace{1, 1, 50}; };
  const auto pairs = bytes(rig.run(log_sense(0x00, 0xff)));
  for (std::size_t at = 4; at < pairs.size(); at += 2) {
    const auto page = bytes(rig.run(log_sense(pairs[at], pairs[at + 1])));
    CHECK((page[0] & 0x3f) == pairs[at]);
    CHECK(page[1] == pairs[at + 1]);
    CHECK((page[2] << 8 | page[3]) == page.size() - 4);
  }
}

TEST_CASE("there are no informational exceptions, and the temperature is not known") {
  ScsiRig rig;
  CHECK(bytes(rig.run(log_sense(0x2f))) == Bytes{0xaf, 0, 0, 8, 0, 0, 0x03, 4, 0, 0, 0xff, 0});
}

TEST_CASE("log pages and subpages that do not exist are refused") {
  ScsiRig rig;
  for (const unsigned page : {0x01u, 0x02u, 0x0cu, 0x0du, 0x3fu}) {
    const auto result = rig.run(log_sense(page));
    CHECK(ended(result) == kInvalidField);
    CHECK(field_pointer(result) == std::pair(0xcdu, 2u));
  }
  CHECK(field_pointer(rig.run(log_sense(0x2f, 0x01))) == std::pair(0xcfu, 3u));
}

TEST_CASE("a log page is cut at the allocation length, nothing of it is saved or skipped") {
  ScsiRig rig;
  CHECK(bytes(rig.run(log_sense(0x2f, 0, 5))) == Bytes{0xaf, 0, 0, 8, 0});
  CHECK(ended(rig.run(cdb({0x4d, 1, 0x40, 0, 0, 0, 0, 0, 255}))) == kInvalidField);
  CHECK(ended(rig.run(cdb({0x4d, 0, 0x6f, 0, 0, 0, 1, 0, 255}))) == kInvalidField);
}

TEST_CASE("log pages are told to everybody, whoever has the unit") {
  ScsiRig rig;
  rig.state->painted.reserved_by = ScsiRig::other_port();
  rig.state->reserve(ReservationType::exclusive_access, ScsiRig::other_port());
  CHECK(ended(rig.run(log_sense(0x2f))) == kGood);
}
