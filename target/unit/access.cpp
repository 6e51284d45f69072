#include "target/unit/access.h"

#include <algorithm>

namespace shoal::unit {

bool is_all_registrants(ReservationType type) {
  return type == ReservationType::write_exclusive_all_registrants ||
         type == ReservationType::exclusive_access_all_registrants;
}

bool is_registrants_only(ReservationType type) {
  return is_all_registrants(type) || type == ReservationType::write_exclusive_registrants_only ||
         type == ReservationType::exclusive_access_registrants_only;
}

bool is_exclusive_access(ReservationType type) {
  return type == ReservationType::exclusive_access || type == ReservationType::exclusive_access_registrants_only ||
         type == ReservationType::exclusive_access_all_registrants;
}

const Registration* find_registration(const PersistentReservations& persistent, const InitiatorPort& port) {
  const auto& all = persistent.registrations;
  const auto found = std::ranges::lower_bound(all, port, {}, &Registration::port);
  return found != all.end() && found->port == port ? &*found : nullptr;
}

bool holds(const PersistentReservations& persistent, const InitiatorPort& port) {
  if (!persistent.held) return false;
  if (is_all_registrants(persistent.held->type)) return find_registration(persistent, port) != nullptr;
  return persistent.held->holder == port;
}

bool allows(const UnitView& view, const InitiatorPort& port, AccessKind kind) {
  const auto& held = view.persistent.held;
  if (!held || holds(view.persistent, port)) return true;
  if (is_registrants_only(held->type) && find_registration(view.persistent, port)) return true;
  return kind == AccessKind::read && !is_exclusive_access(held->type);
}

}  // namespace shoal::unit
