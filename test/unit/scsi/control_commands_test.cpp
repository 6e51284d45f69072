#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi::test;

namespace {

const Ended kConflict{0x18};

Cdb start_stop(unsigned flags, unsigned immediate = 0) { return cdb({0x1b, immediate, 0, 0, flags}); }
Cdb prevent(unsigned value) { return cdb({0x1e, 0, 0, 0, value}); }
Cdb send_diagnostic(unsigned flags) { return cdb({0x1d, flags}); }

}  // namespace

// ---- RESERVE, RELEASE

TEST_CASE("RESERVE of either length reserves for the nexus that sends it, RELEASE of either releases") {
  for (const unsigned reserve : {0x16u, 0x56u}) {
    for (const unsigned release : {0x17u, 0x57u}) {
      ScsiRig rig;
      CHECK(ended(rig.run(cdb({reserve}))) == kGood);
      CHECK(rig.state->painted.reserved_by == ScsiRig::port());
      CHECK(ended(rig.run(cdb({reserve}))) == kGood);
      CHECK(ended(rig.run(cdb({release}))) == kGood);
      CHECK(rig.state->painted.reserved_by == std::nullopt);
    }
  }
}

TEST_CASE("RELEASE by a nexus that does not hold the unit is GOOD and releases nothing") {
  ScsiRig rig;
  rig.state->painted.reserved_by = ScsiRig::other_port();
  CHECK(ended(rig.run(cdb({0x17}))) == kGood);
  CHECK(ended(rig.run(cdb({0x16}))) == kConflict);
  CHECK(rig.state->painted.reserved_by == ScsiRig::other_port());
}

TEST_CASE("RESERVE and RELEASE conflict while anybody is registered") {
  ScsiRig rig;
  rig.state->painted.persistent.registrations = {{ScsiRig::other_port(), 1}};
  for (const unsigned opcode : {0x16u, 0x17u, 0x56u, 0x57u}) CHECK(ended(rig.run(cdb({opcode}))) == kConflict);
}

TEST_CASE("third parties, extents and lists of either are refused") {
  ScsiRig rig;
  for (const unsigned opcode : {0x16u, 0x17u, 0x56u, 0x57u}) {
    for (const unsigned flags : {0x01u, 0x02u, 0x10u}) CHECK(ended(rig.run(cdb({opcode, flags}))) == kInvalidField);
    CHECK(ended(rig.run(cdb({opcode, 0, 1}))) == kInvalidField);
    CHECK(ended(rig.run(cdb({opcode, 0, 0, 0, 1}))) == kInvalidField);
  }
  CHECK(rig.state->changes.empty());
}

// ---- START STOP UNIT

TEST_CASE("a stop writes the caches back, a start and a stop without flush do nothing, and the unit stays ready") {
  ScsiRig rig;
  CHECK(ended(rig.run(start_stop(0x01))) == kGood);
  CHECK(ended(rig.run(start_stop(0x04))) == kGood);
  CHECK(rig.device->log.empty());
  CHECK(ended(rig.run(start_stop(0x00, 1))) == kGood);
  REQUIRE(rig.device->log.size() == 1);
  CHECK(rig.device->log[0].kind == OperationKind::flush);
  CHECK(rig.device->log[0].range.count == 0);
  CHECK(ended(rig.run(test_unit_ready())) == kGood);
}

TEST_CASE("what a stop cannot write back is an error") {
  ScsiRig rig;
  rig.device->fail_at(0, IoStatus::owner_silent);
  CHECK(ended(rig.run(start_stop(0x00))) == check(2, 0x04, 0x01));
}

TEST_CASE("power conditions and the ejection of a fixed medium are refused") {
  ScsiRig rig;
  for (const unsigned flags : {0x02u, 0x03u, 0x10u, 0x20u, 0xb0u}) {
    CHECK(ended(rig.run(start_stop(flags))) == kInvalidField);
  }
  CHECK(ended(rig.run(cdb({0x1b, 0, 0, 1, 0}))) == kInvalidField);
}

TEST_CASE("a start is allowed whoever holds the unit, a stop is not") {
  ScsiRig rig;
  rig.state->painted.reserved_by = ScsiRig::other_port();
  CHECK(ended(rig.run(start_stop(0x01))) == kGood);
  CHECK(ended(rig.run(start_stop(0x00))) == kConflict);
  rig.state->painted.reserved_by.reset();
  rig.state->reserve(ReservationType::write_exclusive, ScsiRig::other_port());
  CHECK(ended(rig.run(start_stop(0x01))) == kGood);
  CHECK(ended(rig.run(start_stop(0x00))) == kConflict);
}

// ---- PREVENT ALLOW MEDIUM REMOVAL, SEND DIAGNOSTIC

TEST_CASE("removal of a fixed medium may be prevented and allowed, by others too where nothing is prevented") {
  ScsiRig rig;
  for (const unsigned value : {1u, 0u}) CHECK(ended(rig.run(prevent(value))) == kGood);
  for (const unsigned value : {2u, 3u, 4u}) CHECK(ended(rig.run(prevent(value))) == kInvalidField);
  rig.state->painted.reserved_by = ScsiRig::other_port();
  CHECK(ended(rig.run(prevent(0))) == kGood);
  CHECK(ended(rig.run(prevent(1))) == kConflict);
}

TEST_CASE("the default self-test reads a block, and ends as that does") {
  ScsiRig rig;
  const auto result = rig.run(send_diagnostic(0x04));
  CHECK(ended(result) == kGood);
  CHECK(result.data.empty());
  REQUIRE(rig.device->log.size() == 1);
  CHECK(rig.device->log[0].kind == OperationKind::read);
  rig.device->fail_at(0, IoStatus::data_lost);
  CHECK(ended(rig.run(send_diagnostic(0x04))) == check(2, 0x04, 0x0c));
}

TEST_CASE("other self-tests and diagnostic pages are refused") {
  ScsiRig rig;
  CHECK(ended(rig.run(send_diagnostic(0x10))) == kGood);
  for (const unsigned code : {0x20u, 0x40u, 0x80u, 0xc0u})
    CHECK(ended(rig.run(send_diagnostic(code))) == kInvalidField);
  CHECK(ended(rig.give(cdb({0x1d, 0x10, 0, 0, 4}), std::string(4, '\0'))) == kInvalidField);
  CHECK(rig.device->log.empty());
}
