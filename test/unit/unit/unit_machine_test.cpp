#include "target/unit/unit_machine.h"

#include <catch2/catch.hpp>

#include "unit_builders.h"

using namespace shoal;
using namespace shoal::unit;

namespace {
using Heard = std::vector<UnitAttention>;
constexpr UnitAttention kPowerOn{0x29, 0x00}, kReset{0x29, 0x03}, kModeChanged{0x2a, 0x01}, kThreshold{0x38, 0x07};
}  // namespace

TEST_CASE("RESERVE keeps others out until it is released by its holder, by nobody else") {
  TestedUnit unit;
  CHECK(unit.tell(kAlice, ReserveUnit{}) == UnitAnswer::good);
  const std::uint64_t reserved = unit.view.generation;
  CHECK(reserved > 0);
  CHECK(unit.tell(kAlice, ReserveUnit{}) == UnitAnswer::good);
  CHECK(unit.view.generation == reserved);
  CHECK(unit.tell(kBob, ReserveUnit{}) == UnitAnswer::conflict);
  CHECK(reserved_for_other(unit.view, kBob));
  CHECK(unit.tell(kBob, ReleaseUnit{}) == UnitAnswer::good);
  CHECK(unit.view.reserved_by == kAlice);
  CHECK(unit.tell(kAlice, ReleaseUnit{}) == UnitAnswer::good);
  CHECK_FALSE(unit.view.reserved_by);
  CHECK(unit.view.generation > reserved);
}

TEST_CASE("a nexus that is lost releases what it reserved, and nothing of others") {
  TestedUnit unit;
  REQUIRE(unit.tell(kAlice, ReserveUnit{}) == UnitAnswer::good);
  CHECK(unit.tell(kBob, NexusLost{}) == UnitAnswer::good);
  CHECK(unit.view.reserved_by == kAlice);
  CHECK(unit.tell(kAlice, NexusLost{}) == UnitAnswer::good);
  CHECK_FALSE(unit.view.reserved_by);
}

TEST_CASE("what all are to be told is told to all, and changes nothing") {
  TestedUnit unit;
  const UnitView before = unit.view;
  CHECK(unit.tell(kAlice, TellNexuses{kThreshold}) == UnitAnswer::good);
  CHECK(unit.view == before);
  CHECK(unit.heard_by(kAlice) == Heard{kThreshold});
  CHECK(unit.heard_by(kBob) == Heard{kThreshold});
  CHECK(unit.last.aborted == Audience{});
}

TEST_CASE("a nexus that is lost stays registered and keeps its persistent reservation") {
  TestedUnit unit;
  REQUIRE(unit.enrol(kAlice, 0xa) == UnitAnswer::good);
  REQUIRE(unit.reserve(kAlice, 0xa, Type::exclusive_access) == UnitAnswer::good);
  const UnitView before = unit.view;
  CHECK(unit.tell(kAlice, NexusLost{}) == UnitAnswer::good);
  CHECK(unit.view == before);
}

TEST_CASE("a reset ends RESERVE and the tasks of all, not persistent reservations, and tells all") {
  TestedUnit unit;
  REQUIRE(unit.tell(kAlice, ReserveUnit{}) == UnitAnswer::good);
  const std::uint64_t before = unit.view.generation;
  CHECK(unit.tell(kBob, ResetUnit{}) == UnitAnswer::good);
  CHECK_FALSE(unit.view.reserved_by);
  CHECK(unit.view.generation > before);
  CHECK(unit.last.aborted.includes(kAlice));
  CHECK(unit.last.aborted.includes(kBob));
  CHECK(unit.last.ended == Audience{});
  CHECK(unit.heard_by(kAlice) == Heard{kReset});
  CHECK(unit.heard_by(kBob) == Heard{kReset});

  REQUIRE(unit.enrol(kAlice, 0xa) == UnitAnswer::good);
  REQUIRE(unit.reserve(kAlice, 0xa, Type::exclusive_access) == UnitAnswer::good);
  const PersistentReservations kept = unit.view.persistent;
  CHECK(unit.tell(kBob, ResetUnit{ResetKind::target_warm}) == UnitAnswer::good);
  CHECK(unit.view.persistent == kept);
  CHECK(unit.heard_by(kAlice) == Heard{kPowerOn});
  CHECK(unit.tell(kBob, ResetUnit{ResetKind::target_cold}) == UnitAnswer::good);
  CHECK(unit.last.ended.includes(kAlice));
  CHECK_FALSE(unit.last.ended.includes(kBob));
}

TEST_CASE("a mode that changes is told to all others, one that stays to nobody") {
  TestedUnit unit;
  CHECK(unit.tell(kAlice, ChangeMode{{.software_write_protect = true}}) == UnitAnswer::good);
  CHECK(unit.heard_by(kBob) == Heard{kModeChanged});
  CHECK(unit.heard_by(kAlice).empty());
  const UnitView before = unit.view;
  CHECK(unit.tell(kBob, ChangeMode{{.software_write_protect = true}}) == UnitAnswer::good);
  CHECK(unit.last.announcements.empty());
  CHECK(unit.view == before);
}

TEST_CASE("a condition changes only from the one that was meant") {
  TestedUnit unit;
  CHECK(unit.tell(kAlice, ChangeCondition{UnitCondition::ready, UnitCondition::sanitizing}) == UnitAnswer::good);
  CHECK(unit.tell(kBob, ChangeCondition{UnitCondition::ready, UnitCondition::formatting}) == UnitAnswer::conflict);
  CHECK(unit.view.condition == UnitCondition::sanitizing);
}

TEST_CASE("an audience is those who are named, or all but those") {
  CHECK(Audience{.ports = {kAlice}}.includes(kAlice));
  CHECK_FALSE(Audience{.ports = {kAlice}}.includes(kBob));
  CHECK_FALSE(Audience{.ports = {kAlice}, .all = true}.includes(kAlice));
  CHECK(Audience{.ports = {kAlice}, .all = true}.includes(kBob));
  CHECK_FALSE(Audience{}.includes(kAlice));
  CHECK(Audience{.all = true}.includes(kAlice));
}
