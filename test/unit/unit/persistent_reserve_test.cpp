#include "target/unit/persistent_reserve.h"

#include <catch2/catch.hpp>

#include "unit_builders.h"

using namespace shoal;
using namespace shoal::unit;

namespace {

using Heard = std::vector<UnitAttention>;

// Alice has key 0xa, Bob 0xb, Carol 0xc; Alice has reserved.
TestedUnit held_by_alice(Type type) {
  TestedUnit unit;
  REQUIRE(unit.enrol(kAlice, 0xa) == UnitAnswer::good);
  REQUIRE(unit.enrol(kBob, 0xb) == UnitAnswer::good);
  REQUIRE(unit.enrol(kCarol, 0xc) == UnitAnswer::good);
  REQUIRE(unit.reserve(kAlice, 0xa, type) == UnitAnswer::good);
  return unit;
}

constexpr Type kTypes[] = {Type::write_exclusive,
                           Type::exclusive_access,
                           Type::write_exclusive_registrants_only,
                           Type::exclusive_access_registrants_only,
                           Type::write_exclusive_all_registrants,
                           Type::exclusive_access_all_registrants};

}  // namespace

// ---- REGISTER

TEST_CASE("who is not registered registers with key 0 only") {
  TestedUnit unit;
  CHECK(unit.reserve_out(kAlice, {.action = Action::register_key, .key = 1, .action_key = 0xa}) ==
        UnitAnswer::conflict);
  CHECK(unit.view == UnitView{});
  CHECK(unit.enrol(kAlice, 0xa) == UnitAnswer::good);
  CHECK(unit.key_of(kAlice) == 0xa);
  CHECK(unit.view.persistent.generation == 1);
}

TEST_CASE("who is registered changes its key with its key only, and stays the holder") {
  TestedUnit unit = held_by_alice(Type::exclusive_access);
  const UnitView before = unit.view;
  CHECK(unit.reserve_out(kAlice, {.key = 0xb, .action_key = 0x1a}) == UnitAnswer::conflict);
  CHECK(unit.reserve_out(kAlice, {.key = 0, .action_key = 0x1a}) == UnitAnswer::conflict);
  CHECK(unit.view == before);
  CHECK(unit.reserve_out(kAlice, {.key = 0xa, .action_key = 0x1a}) == UnitAnswer::good);
  CHECK(unit.key_of(kAlice) == 0x1a);
  CHECK(holds(unit.view.persistent, kAlice));
  CHECK(unit.view.generation == before.generation);  // nobody may do more or less
}

TEST_CASE("nothing is registered or counted where nothing was and nothing is to be") {
  TestedUnit unit;
  CHECK(unit.enrol(kAlice, 0) == UnitAnswer::good);
  CHECK(unit.reserve_out(kAlice, {.action = Action::register_and_ignore, .key = 7, .action_key = 0}) ==
        UnitAnswer::good);
  CHECK(unit.reserve_out(kAlice, {.through_power_loss = true, .ports = {kBob}}) == UnitAnswer::good);
  CHECK(unit.view == UnitView{});
}

TEST_CASE("REGISTER AND IGNORE EXISTING KEY asks for no key, whether one is there or not") {
  TestedUnit unit;
  CHECK(unit.reserve_out(kAlice, {.action = Action::register_and_ignore, .key = 99, .action_key = 1}) ==
        UnitAnswer::good);
  CHECK(unit.reserve_out(kAlice, {.action = Action::register_and_ignore, .key = 99, .action_key = 2}) ==
        UnitAnswer::good);
  CHECK(unit.key_of(kAlice) == 2);
  CHECK(unit.view.persistent.generation == 2);
  CHECK(unit.reserve_out(kAlice, {.action = Action::register_and_ignore, .key = 99, .action_key = 0}) ==
        UnitAnswer::good);
  CHECK(unit.view.persistent.registrations.empty());
}

TEST_CASE("two ports may have the same key, and two ISIDs of one name are two ports") {
  TestedUnit unit;
  const InitiatorPort again{kAlice.name, 2};
  CHECK(unit.enrol(kAlice, 5) == UnitAnswer::good);
  CHECK(unit.enrol(again, 5) == UnitAnswer::good);
  CHECK(unit.reserve(kAlice, 5, Type::exclusive_access) == UnitAnswer::good);
  CHECK(unit.reserve(again, 5, Type::exclusive_access) == UnitAnswer::conflict);
}

TEST_CASE("the last REGISTER tells whether registrations are to survive a loss of power") {
  TestedUnit unit;
  CHECK(unit.reserve_out(kAlice, {.action_key = 1, .through_power_loss = true}) == UnitAnswer::good);
  CHECK(unit.view.persistent.through_power_loss);
  CHECK(unit.reserve_out(kAlice, {.key = 9, .action_key = 2}) == UnitAnswer::conflict);
  CHECK(unit.view.persistent.through_power_loss);
  CHECK(unit.enrol(kBob, 2) == UnitAnswer::good);
  CHECK_FALSE(unit.view.persistent.through_power_loss);
}

TEST_CASE("a registration for all target ports is told as one") {
  TestedUnit unit;
  CHECK(unit.reserve_out(kAlice, {.action_key = 1, .all_target_ports = true}) == UnitAnswer::good);
  CHECK(find_registration(unit.view.persistent, kAlice)->all_target_ports);
  CHECK(unit.reserve_out(kAlice, {.key = 1, .action_key = 2}) == UnitAnswer::good);
  CHECK_FALSE(find_registration(unit.view.persistent, kAlice)->all_target_ports);
}

// ---- SPEC_I_PT

TEST_CASE("a list of ports is registered with the sender, each port once, and counts as one") {
  TestedUnit unit;
  CHECK(unit.reserve_out(kBob, {.action_key = 4, .ports = {kCarol, kAlice, kCarol, kBob}}) == UnitAnswer::good);
  CHECK(unit.view.persistent.registrations ==
        std::vector<Registration>{{.port = kAlice, .key = 4}, {.port = kBob, .key = 4}, {.port = kCarol, .key = 4}});
  CHECK(unit.view.persistent.generation == 1);
}

TEST_CASE("of a list with a port that is registered already nothing is registered") {
  TestedUnit unit;
  REQUIRE(unit.enrol(kCarol, 0xc) == UnitAnswer::good);
  const UnitView before = unit.view;
  CHECK(unit.reserve_out(kBob, {.action_key = 4, .ports = {kAlice, kCarol}}) == UnitAnswer::conflict);
  CHECK(unit.view == before);
}

TEST_CASE("a list of ports is only for a REGISTER by who is not registered") {
  TestedUnit unit;
  CHECK(unit.reserve_out(kAlice, {.action = Action::register_and_ignore, .action_key = 4, .ports = {kBob}}) ==
        UnitAnswer::invalid_field_in_list);
  REQUIRE(unit.enrol(kAlice, 0xa) == UnitAnswer::good);
  CHECK(unit.reserve_out(kAlice, {.key = 0xa, .action_key = 4, .ports = {kBob}}) == UnitAnswer::invalid_field_in_list);
  CHECK(unit.reserve_out(kAlice, {.key = 1, .action_key = 4, .ports = {kBob}}) == UnitAnswer::conflict);
}

TEST_CASE("registrations are bounded, and a list that does not fit registers nobody") {
  TestedUnit unit;
  const auto port = [](std::uint64_t isid) { return InitiatorPort{"iqn.many", isid}; };
  for (std::uint64_t isid = 1; isid < kMaxRegistrations; ++isid)
    REQUIRE(unit.enrol(port(isid), isid) == UnitAnswer::good);
  const UnitView before = unit.view;
  CHECK(unit.reserve_out(kAlice, {.action_key = 1, .ports = {kBob}}) == UnitAnswer::insufficient_resources);
  CHECK(unit.view == before);
  CHECK(unit.enrol(kAlice, 0xa) == UnitAnswer::good);
  CHECK(unit.enrol(kBob, 0xb) == UnitAnswer::insufficient_resources);
  CHECK(unit.reserve_out(port(7), {.key = 7, .action_key = 8}) == UnitAnswer::good);

  REQUIRE(unit.reserve(kAlice, 0xa, Type::write_exclusive) == UnitAnswer::good);
  PersistentReserveOut move{.action = Action::register_and_move, .key = 0xa, .action_key = 0xb, .ports = {kBob}};
  CHECK(unit.reserve_out(kAlice, move) == UnitAnswer::insufficient_resources);
  move.unregister = true;
  CHECK(unit.reserve_out(kAlice, move) == UnitAnswer::good);
}

// ---- unregistering

TEST_CASE("a holder that unregisters releases, and registrants lose what they shared") {
  for (const Type type : kTypes) {
    TestedUnit unit = held_by_alice(type);
    const std::uint64_t before = unit.view.generation;
    CHECK(unit.reserve_out(kAlice, {.key = 0xa, .action_key = 0}) == UnitAnswer::good);
    CHECK(unit.key_of(kAlice) == 0);
    CHECK(unit.view.persistent.held.has_value() == is_all_registrants(type));
    CHECK(unit.view.generation > before);
    const bool told = is_registrants_only(type) && !is_all_registrants(type);
    CHECK(unit.heard_by(kBob) == (told ? Heard{kReleased} : Heard{}));
    CHECK(unit.heard_by(kCarol) == unit.heard_by(kBob));
    CHECK(unit.heard_by(kAlice).empty());
  }
}

TEST_CASE("a reservation of all registrants ends with the last of them") {
  TestedUnit unit = held_by_alice(Type::exclusive_access_all_registrants);
  CHECK(unit.reserve_out(kAlice, {.key = 0xa, .action_key = 0}) == UnitAnswer::good);
  CHECK(unit.reserve_out(kCarol, {.key = 0xc, .action_key = 0}) == UnitAnswer::good);
  CHECK(unit.view.persistent.held);
  CHECK_FALSE(allows(unit.view, kAlice, AccessKind::read));
  CHECK(unit.reserve_out(kBob, {.key = 0xb, .action_key = 0}) == UnitAnswer::good);
  CHECK_FALSE(unit.view.persistent.held);
  CHECK(unit.last.announcements.empty());
}

TEST_CASE("who only was registered takes nothing along but its access") {
  TestedUnit unit = held_by_alice(Type::exclusive_access_registrants_only);
  const std::uint64_t before = unit.view.generation;
  CHECK(unit.reserve_out(kBob, {.key = 0xb, .action_key = 0}) == UnitAnswer::good);
  CHECK(holds(unit.view.persistent, kAlice));
  CHECK_FALSE(allows(unit.view, kBob, AccessKind::read));
  CHECK(unit.view.generation > before);
}

// ---- RESERVE, RELEASE, CLEAR

TEST_CASE("everything but registering needs a registration and its key") {
  const Action actions[] = {Action::reserve, Action::release,           Action::clear,
                            Action::preempt, Action::preempt_and_abort, Action::register_and_move};
  for (const Action action : actions) {
    TestedUnit unit = held_by_alice(Type::write_exclusive);
    const UnitView before = unit.view;
    CHECK(unit.reserve_out({"iqn.dora", 1}, {.action = action, .action_key = 0xa}) == UnitAnswer::conflict);
    CHECK(unit.reserve_out(kBob, {.action = action, .key = 0xa, .action_key = 0xa}) == UnitAnswer::conflict);
    CHECK(unit.reserve_out(kAlice, {.action = action, .key = 0, .action_key = 0xb}) == UnitAnswer::conflict);
    CHECK(unit.view == before);
  }
}

TEST_CASE("a holder reserves again with the same type only") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  const UnitView before = unit.view;
  CHECK(unit.reserve(kAlice, 0xa, Type::write_exclusive) == UnitAnswer::good);
  CHECK(unit.reserve(kAlice, 0xa, Type::exclusive_access) == UnitAnswer::conflict);
  CHECK(unit.reserve(kBob, 0xb, Type::write_exclusive) == UnitAnswer::conflict);
  CHECK(unit.view == before);
}

TEST_CASE("of all registrants each is a holder that may reserve again and release") {
  TestedUnit unit = held_by_alice(Type::write_exclusive_all_registrants);
  CHECK(unit.reserve(kBob, 0xb, Type::write_exclusive_all_registrants) == UnitAnswer::good);
  CHECK(unit.reserve(kBob, 0xb, Type::write_exclusive) == UnitAnswer::conflict);
  CHECK(
      unit.reserve_out(kBob, {.action = Action::release, .type = Type::write_exclusive_all_registrants, .key = 0xb}) ==
      UnitAnswer::good);
  CHECK_FALSE(unit.view.persistent.held);
  CHECK(unit.heard_by(kAlice) == Heard{kReleased});
  CHECK(unit.heard_by(kCarol) == Heard{kReleased});
  CHECK(unit.heard_by(kBob).empty());
}

TEST_CASE("a release that names another type is refused, one by who does not hold does nothing") {
  TestedUnit unit = held_by_alice(Type::exclusive_access_registrants_only);
  const UnitView before = unit.view;
  CHECK(unit.reserve_out(kAlice, {.action = Action::release, .type = Type::exclusive_access, .key = 0xa}) ==
        UnitAnswer::invalid_release);
  CHECK(unit.reserve_out(kBob, {.action = Action::release, .type = Type::exclusive_access, .key = 0xb}) ==
        UnitAnswer::good);
  CHECK(unit.view == before);
}

TEST_CASE("a release is not counted, and is told to registrants of the types that were theirs") {
  for (const Type type : kTypes) {
    TestedUnit unit = held_by_alice(type);
    const UnitView before = unit.view;
    CHECK(unit.reserve_out(kAlice, {.action = Action::release, .type = type, .key = 0xa}) == UnitAnswer::good);
    CHECK(unit.view.persistent.generation == before.persistent.generation);
    CHECK(unit.view.persistent.registrations == before.persistent.registrations);
    CHECK(unit.view.generation > before.generation);
    CHECK(unit.heard_by(kBob) == (is_registrants_only(type) ? Heard{kReleased} : Heard{}));
  }
}

TEST_CASE("CLEAR by any registrant leaves nothing and tells the others") {
  TestedUnit unit = held_by_alice(Type::exclusive_access);
  CHECK(unit.reserve_out(kBob, {.action = Action::clear, .key = 0xb}) == UnitAnswer::good);
  CHECK(unit.view.persistent == PersistentReservations{.generation = 4});
  CHECK(unit.heard_by(kAlice) == Heard{kPreemptedReservations});
  CHECK(unit.heard_by(kCarol) == Heard{kPreemptedReservations});
  CHECK(unit.heard_by(kBob).empty());
}

// ---- PREEMPT

TEST_CASE("preempting the holder's key takes its reservation over and removes all with that key") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  const InitiatorPort twin{"iqn.alice", 2};
  REQUIRE(unit.enrol(twin, 0xa) == UnitAnswer::good);
  CHECK(unit.reserve_out(kBob,
                         {.action = Action::preempt, .type = Type::write_exclusive, .key = 0xb, .action_key = 0xa}) ==
        UnitAnswer::good);
  CHECK(unit.view.persistent.held == PersistentReservation{Type::write_exclusive, kBob});
  CHECK(unit.key_of(kAlice) == 0);
  CHECK(unit.key_of(twin) == 0);
  CHECK(unit.heard_by(kAlice) == Heard{kPreemptedRegistrations});
  CHECK(unit.heard_by(twin) == Heard{kPreemptedRegistrations});
  CHECK(unit.heard_by(kCarol).empty());  // the type is the same
  CHECK(unit.heard_by(kBob).empty());
  CHECK(unit.last.aborted == Audience{});
}

TEST_CASE("a preemption that changes the type tells those who stay registered") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  CHECK(unit.reserve_out(kBob,
                         {.action = Action::preempt, .type = Type::exclusive_access, .key = 0xb, .action_key = 0xa}) ==
        UnitAnswer::good);
  CHECK(unit.heard_by(kAlice) == Heard{kPreemptedRegistrations});
  CHECK(unit.heard_by(kCarol) == Heard{kReleased});
}

TEST_CASE("preempting another key than the holder's removes registrations only") {
  TestedUnit unit = held_by_alice(Type::exclusive_access);
  const std::uint64_t before = unit.view.generation;
  CHECK(unit.reserve_out(kBob, {.action = Action::preempt, .key = 0xb, .action_key = 0xc}) == UnitAnswer::good);
  CHECK(holds(unit.view.persistent, kAlice));
  CHECK(unit.key_of(kCarol) == 0);
  CHECK(unit.heard_by(kCarol) == Heard{kPreemptedRegistrations});
  CHECK(unit.heard_by(kAlice).empty());
  CHECK(unit.view.generation == before);  // Carol had no access before
}

TEST_CASE("a preemption of a key that nobody has conflicts, of key 0 is a wrong parameter") {
  for (const Type type : {Type::write_exclusive, Type::exclusive_access_registrants_only}) {
    TestedUnit unit = held_by_alice(type);
    const UnitView before = unit.view;
    CHECK(unit.reserve_out(kBob, {.action = Action::preempt, .key = 0xb, .action_key = 0xd}) == UnitAnswer::conflict);
    CHECK(unit.reserve_out(kBob, {.action = Action::preempt, .key = 0xb, .action_key = 0}) ==
          UnitAnswer::invalid_field_in_list);
    CHECK(unit.view == before);
  }
  TestedUnit free;
  REQUIRE(free.enrol(kBob, 0xb) == UnitAnswer::good);
  CHECK(free.reserve_out(kBob, {.action = Action::preempt, .key = 0xb}) == UnitAnswer::invalid_field_in_list);
}

TEST_CASE("without a reservation a preemption removes registrations and reserves nothing") {
  TestedUnit unit;
  REQUIRE(unit.enrol(kAlice, 0xa) == UnitAnswer::good);
  REQUIRE(unit.enrol(kBob, 0xb) == UnitAnswer::good);
  CHECK(unit.reserve_out(kBob, {.action = Action::preempt, .key = 0xb, .action_key = 0xa}) == UnitAnswer::good);
  CHECK_FALSE(unit.view.persistent.held);
  CHECK(unit.key_of(kAlice) == 0);
}

TEST_CASE("a preemption needs a type only where it takes a reservation over") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  PersistentReserveOut out{.action = Action::preempt, .type = std::nullopt, .key = 0xb, .action_key = 0xc};
  CHECK(unit.reserve_out(kBob, out) == UnitAnswer::good);
  CHECK(unit.key_of(kCarol) == 0);
  out.action_key = 0xa;
  CHECK(unit.reserve_out(kBob, out) == UnitAnswer::invalid_field_in_cdb);
  CHECK(unit.key_of(kAlice) == 0xa);
}

TEST_CASE("no reservation is made or released without a type") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  for (const auto action : {Action::reserve, Action::release}) {
    CHECK(unit.reserve_out(kAlice, {.action = action, .type = std::nullopt, .key = 0xa}) ==
          UnitAnswer::invalid_field_in_cdb);
  }
  CHECK(unit.view.persistent.held);
}

TEST_CASE("a holder that preempts itself changes its type and stays registered") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  CHECK(unit.reserve_out(kAlice, {.action = Action::preempt,
                                  .type = Type::exclusive_access_registrants_only,
                                  .key = 0xa,
                                  .action_key = 0xa}) == UnitAnswer::good);
  CHECK(unit.view.persistent.held == PersistentReservation{Type::exclusive_access_registrants_only, kAlice});
  CHECK(unit.view.persistent.registrations.size() == 3);
  CHECK(unit.heard_by(kBob) == Heard{kReleased});
  CHECK(unit.heard_by(kAlice).empty());
}

TEST_CASE("who preempts its own key and holds nothing removes itself") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  CHECK(unit.reserve_out(kBob, {.action = Action::preempt, .key = 0xb, .action_key = 0xb}) == UnitAnswer::good);
  CHECK(unit.key_of(kBob) == 0);
  CHECK(unit.last.announcements.empty());
}

TEST_CASE("of all registrants key 0 preempts everybody else") {
  TestedUnit unit = held_by_alice(Type::write_exclusive_all_registrants);
  CHECK(unit.reserve_out(kBob, {.action = Action::preempt, .type = Type::write_exclusive, .key = 0xb}) ==
        UnitAnswer::good);
  CHECK(unit.view.persistent.held == PersistentReservation{Type::write_exclusive, kBob});
  CHECK(unit.view.persistent.registrations == std::vector<Registration>{{.port = kBob, .key = 0xb}});
  CHECK(unit.heard_by(kAlice) == Heard{kPreemptedRegistrations});
  CHECK(unit.heard_by(kCarol) == Heard{kPreemptedRegistrations});
}

TEST_CASE("of all registrants a key removes its registrations, and the reservation with the last of them") {
  TestedUnit unit = held_by_alice(Type::exclusive_access_all_registrants);
  CHECK(unit.reserve_out(kBob,
                         {.action = Action::preempt, .type = Type::write_exclusive, .key = 0xb, .action_key = 0xa}) ==
        UnitAnswer::good);
  CHECK(unit.view.persistent.held->type == Type::exclusive_access_all_registrants);
  CHECK(unit.key_of(kAlice) == 0);
  CHECK(unit.reserve_out(kBob, {.action = Action::preempt, .key = 0xb, .action_key = 0xc}) == UnitAnswer::good);
  CHECK(unit.reserve_out(kBob, {.action = Action::preempt, .key = 0xb, .action_key = 0xb}) == UnitAnswer::good);
  CHECK_FALSE(unit.view.persistent.held);
}

TEST_CASE("PREEMPT AND ABORT ends the tasks of those who had the key") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  const std::uint64_t before = unit.view.generation;
  CHECK(unit.reserve_out(kBob, {.action = Action::preempt_and_abort, .key = 0xb, .action_key = 0xa}) ==
        UnitAnswer::good);
  CHECK(unit.last.aborted == Audience{.ports = {kAlice}});
  CHECK(unit.view.generation > before);
  CHECK(unit.reserve_out(kBob, {.action = Action::preempt_and_abort, .key = 0xb, .action_key = 0xc}) ==
        UnitAnswer::good);
  CHECK(unit.last.aborted == Audience{.ports = {kCarol}});
  CHECK(unit.view.generation > before + 1);  // what is under way of Carol is not to be applied any more
}

TEST_CASE("PREEMPT AND ABORT of one's own key ends one's own other tasks") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  CHECK(unit.reserve_out(
            kAlice,
            {.action = Action::preempt_and_abort, .type = Type::exclusive_access, .key = 0xa, .action_key = 0xa}) ==
        UnitAnswer::good);
  CHECK(unit.last.aborted == Audience{.ports = {kAlice}});
  CHECK(unit.key_of(kAlice) == 0xa);
}

TEST_CASE("a PREEMPT AND ABORT that is refused aborts nothing") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  CHECK(unit.reserve_out(kBob, {.action = Action::preempt_and_abort, .key = 0xb, .action_key = 0xd}) ==
        UnitAnswer::conflict);
  CHECK(unit.last == Consequences{});
}

// ---- REGISTER AND MOVE

TEST_CASE("a reservation moves to a port that need not be known, with its type") {
  TestedUnit unit;
  REQUIRE(unit.enrol(kAlice, 0xa) == UnitAnswer::good);
  REQUIRE(unit.reserve(kAlice, 0xa, Type::exclusive_access) == UnitAnswer::good);
  const std::uint64_t before = unit.view.generation;
  CHECK(unit.reserve_out(kAlice, {.action = Action::register_and_move,
                                  .type = Type::write_exclusive,
                                  .key = 0xa,
                                  .action_key = 0xb,
                                  .ports = {kBob}}) == UnitAnswer::good);
  CHECK(unit.view.persistent.held == PersistentReservation{Type::exclusive_access, kBob});
  CHECK(unit.key_of(kAlice) == 0xa);
  CHECK(unit.key_of(kBob) == 0xb);
  CHECK(unit.view.persistent.generation == 2);
  CHECK(unit.view.generation > before);
  CHECK(unit.last.announcements.empty());
}

TEST_CASE("a reservation moves to a registered port under its new key, and the mover may leave") {
  TestedUnit unit = held_by_alice(Type::write_exclusive_registrants_only);
  CHECK(
      unit.reserve_out(
          kAlice,
          {.action = Action::register_and_move, .key = 0xa, .action_key = 0x1b, .unregister = true, .ports = {kBob}}) ==
      UnitAnswer::good);
  CHECK(holds(unit.view.persistent, kBob));
  CHECK(unit.key_of(kBob) == 0x1b);
  CHECK(unit.key_of(kAlice) == 0);
}

TEST_CASE("what can not move is told why") {
  const auto move = [](const InitiatorPort& to, std::uint64_t key, std::uint64_t action_key) {
    return PersistentReserveOut{
        .action = Action::register_and_move, .key = key, .action_key = action_key, .ports = {to}};
  };
  TestedUnit held = held_by_alice(Type::write_exclusive);
  const UnitView before = held.view;
  CHECK(held.reserve_out(kBob, move(kCarol, 0xb, 1)) == UnitAnswer::conflict);  // is not its
  CHECK(held.reserve_out(kAlice, move(kBob, 0xa, 0)) == UnitAnswer::invalid_field_in_list);
  CHECK(held.reserve_out(kAlice, move(kAlice, 0xa, 1)) == UnitAnswer::invalid_field_in_list);
  PersistentReserveOut nowhere = move(kBob, 0xa, 1);
  nowhere.ports.clear();
  CHECK(held.reserve_out(kAlice, nowhere) == UnitAnswer::invalid_field_in_list);
  CHECK(held.view == before);

  TestedUnit everybodys = held_by_alice(Type::write_exclusive_all_registrants);
  CHECK(everybodys.reserve_out(kAlice, move(kBob, 0xa, 1)) == UnitAnswer::conflict);
  TestedUnit free;
  REQUIRE(free.enrol(kAlice, 0xa) == UnitAnswer::good);
  CHECK(free.reserve_out(kAlice, move(kBob, 0xa, 1)) == UnitAnswer::invalid_field_in_cdb);
}

TEST_CASE("no reservation was lost that could be replaced") {
  TestedUnit unit = held_by_alice(Type::write_exclusive);
  CHECK(unit.reserve_out(kAlice, {.action = Action::replace_lost, .key = 0xa}) == UnitAnswer::invalid_field_in_cdb);
}

// ---- with RESERVE and RELEASE of SPC-2

TEST_CASE("while a unit is reserved the old way every PERSISTENT RESERVE OUT conflicts, the holder's too") {
  TestedUnit unit;
  REQUIRE(unit.tell(kAlice, ReserveUnit{}) == UnitAnswer::good);
  CHECK(unit.enrol(kAlice, 0xa) == UnitAnswer::conflict);
  CHECK(unit.enrol(kBob, 0xb) == UnitAnswer::conflict);
  CHECK(unit.enrol(kBob, 0) == UnitAnswer::conflict);
  REQUIRE(unit.tell(kAlice, ReleaseUnit{}) == UnitAnswer::good);
  CHECK(unit.enrol(kBob, 0xb) == UnitAnswer::good);
  CHECK(unit.tell(kAlice, ReserveUnit{}) == UnitAnswer::conflict);
  CHECK(unit.tell(kBob, ReleaseUnit{}) == UnitAnswer::conflict);
}

// ---- what is believed of a state

TEST_CASE("a state that no command can make is known") {
  const PersistentReservations good = held_by_alice(Type::write_exclusive).view.persistent;
  CHECK(is_consistent(good));
  auto bad = good;
  bad.registrations[1].key = 0;
  CHECK_FALSE(is_consistent(bad));
  bad = good;
  std::swap(bad.registrations[0], bad.registrations[1]);
  CHECK_FALSE(is_consistent(bad));
  bad = good;
  bad.registrations[1] = bad.registrations[0];
  CHECK_FALSE(is_consistent(bad));
  bad = good;
  bad.held->holder = {"iqn.dora", 1};
  CHECK_FALSE(is_consistent(bad));
  bad = good;
  bad.held->type = Type::write_exclusive_all_registrants;  // and names a holder
  CHECK_FALSE(is_consistent(bad));
  bad.held->holder = {};
  CHECK(is_consistent(bad));
  bad.registrations.clear();
  CHECK_FALSE(is_consistent(bad));
}
