#include "target/unit/change_log.h"

#include <catch2/catch.hpp>

#include "target/unit/attentions.h"
#include "test/unit/unit/unit_builders.h"

using namespace shoal;
using namespace shoal::unit;

namespace {

using Told = std::vector<UnitAttention>;

Announcement to(const InitiatorPort& port, UnitAttention attention) { return {attention, {.ports = {port}}}; }

}  // namespace

TEST_CASE("who was away hears what was for him since, in order, and nothing of before") {
  ChangeLog log;
  log.add(1, {to(kAlice, kPreemptedReservations)});
  log.add(2, {to(kBob, kReleased)});
  log.add(3, {});
  log.add(4, {{kModeParametersChanged, {.ports = {kBob}, .all = true}}, to(kAlice, kPreemptedRegistrations)});
  CHECK(log.missed(kAlice, 0) == Told{kPreemptedReservations, kModeParametersChanged, kPreemptedRegistrations});
  CHECK(log.missed(kAlice, 1) == Told{kModeParametersChanged, kPreemptedRegistrations});
  CHECK(log.missed(kBob, 0) == Told{kReleased});
  CHECK(log.missed(kBob, 2).empty());
  CHECK(log.missed(kAlice, 4).empty());
  CHECK(log.missed(kAlice, 5).empty());  // this member has heard less than the one before
}

TEST_CASE("who was away for more changes than are kept learns that something was missed") {
  ChangeLog log;
  for (std::uint64_t serial = 1; serial <= kLoggedChanges + 1; ++serial) log.add(serial, {});
  CHECK(log.missed(kAlice, 0) == Told{kPowerOn});
  CHECK(log.missed(kAlice, 1).empty());
}

TEST_CASE("a log that begins later knows nothing of before") {
  ChangeLog log(7);
  log.add(8, {to(kAlice, kReleased)});
  CHECK(log.missed(kAlice, 6) == Told{kPowerOn});
  CHECK(log.missed(kAlice, 7) == Told{kReleased});
}

TEST_CASE("changes that name many ports push older ones out, but the last one stays") {
  ChangeLog log;
  std::vector<InitiatorPort> many;
  for (std::uint64_t isid = 0; isid <= kLoggedPorts; ++isid) many.push_back({"iqn.many", isid});
  log.add(1, {to(kAlice, kReleased)});
  log.add(2, {{kPreemptedRegistrations, {.ports = many}}});
  CHECK(log.missed(kAlice, 0) == Told{kPowerOn});
  CHECK(log.missed(many.front(), 1) == Told{kPreemptedRegistrations});
  log.add(3, {to(kAlice, kReleased)});
  CHECK(log.missed(many.front(), 1) == Told{kPowerOn});
  CHECK(log.missed(kAlice, 2) == Told{kReleased});
}
