// PERSISTENT RESERVE OUT (SPC-4 5.13, 6.16): what each service action makes of a unit's registrations and reservation,
// and which nexuses hear of it. Pure. The caller has checked that no parameter is longer than allowed.
//
// In one portal group an initiator port is a nexus, so a registration for all target ports (ALL_TG_PT) is one like any
// other, and is kept only to be reported. No reservation is ever lost, so there is none to replace.
#pragma once

#include "target/unit/unit_machine.h"

namespace shoal::unit {

Outcome persistent_reserve(const UnitView& view, const InitiatorPort& port, const PersistentReserveOut& asked);

// What holds of every state that the rules make: registrations in order of ports and without key 0; who holds a
// reservation is registered, and of the all-registrants types nobody in particular is named.
bool is_consistent(const PersistentReservations& persistent);

}  // namespace shoal::unit
