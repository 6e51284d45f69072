// Who may use a unit, by its shared state (SPC-4 5.13 tables 65 and 66, SPC-2 5.5.1). Pure.
#pragma once

#include "target/ports/unit_state.h"

namespace shoal::unit {

// Does a persistent reservation let this nexus read, or write? SPC-2 reservations: reserved_for_other().
bool allows(const UnitView& view, const InitiatorPort& port, AccessKind kind);

// RESERVE by somebody else is in the way of every command but the few that SPC-2 excepts.
inline bool reserved_for_other(const UnitView& view, const InitiatorPort& port) {
  return view.reserved_by && *view.reserved_by != port;
}

const Registration* find_registration(const PersistentReservations& persistent, const InitiatorPort& port);
bool holds(const PersistentReservations& persistent, const InitiatorPort& port);
bool is_all_registrants(ReservationType type);
bool is_registrants_only(ReservationType type);  // or all registrants
bool is_exclusive_access(ReservationType type);

}  // namespace shoal::unit
