#include "target/unit/persistent_reserve.h"

#include <algorithm>
#include <set>
#include <utility>

#include "target/base/check.h"
#include "target/unit/access.h"
#include "target/unit/attentions.h"

namespace shoal::unit {

namespace {

using Action = PersistentReserveOut::Action;
using Ports = std::vector<InitiatorPort>;

// One command at work on a copy of the state, which counts only if the command ends well.
struct Work {
  const InitiatorPort& port;
  const PersistentReserveOut& asked;
  PersistentReservations& state;
  Consequences& consequences;

  bool is_registered() const { return find_registration(state, port) != nullptr; }
  bool shows_its_key() const {
    const Registration* const own = find_registration(state, port);
    return own && own->key == asked.key;
  }
};

// ---- registrations

void set_registration(Work& work, const InitiatorPort& port) {
  auto& all = work.state.registrations;
  const Registration registration{port, work.asked.action_key, work.asked.all_target_ports};
  const auto at = std::ranges::lower_bound(all, port, {}, &Registration::port);
  if (at != all.end() && at->port == port) {
    *at = registration;
  } else {
    all.insert(at, registration);
  }
}

template <class Which>
Ports remove_registrations(Work& work, Which which) {
  Ports removed;
  std::erase_if(work.state.registrations, [&](const Registration& registration) {
    if (!which(registration)) return false;
    removed.push_back(registration.port);
    return true;
  });
  return removed;
}

Ports others_registered(const Work& work) {
  Ports others;
  for (const Registration& registration : work.state.registrations) {
    if (registration.port != work.port) others.push_back(registration.port);
  }
  return others;
}

void announce(Work& work, UnitAttention attention, Ports ports) {
  std::erase(ports, work.port);
  if (!ports.empty()) work.consequences.announcements.push_back({attention, {.ports = std::move(ports)}});
}

// ---- the reservation

bool is_for_type(Action action) { return action == Action::reserve || action == Action::release; }

// Of the all-registrants types everybody who is registered holds it.
PersistentReservation held_by(ReservationType type, const InitiatorPort& port) {
  return {type, is_all_registrants(type) ? InitiatorPort{} : port};
}

bool is_held(const PersistentReservations& state) {
  if (is_all_registrants(state.held->type)) return !state.registrations.empty();
  return find_registration(state, state.held->holder) != nullptr;
}

// SPC-4 5.13.11.2.2: those who had access by being registered learn that it is over.
void release_reservation(Work& work) {
  const ReservationType type = std::exchange(work.state.held, std::nullopt)->type;
  if (is_registrants_only(type)) announce(work, kReservationsReleased, others_registered(work));
}

void release_if_holder_is_gone(Work& work) {
  if (work.state.held && !is_held(work.state)) release_reservation(work);
}

// ---- REGISTER, REGISTER AND IGNORE EXISTING KEY (SPC-4 5.13.7)

// All of them, or none. A port of the list that is registered already would have had to show its own key.
UnitAnswer register_anew(Work& work) {
  std::set<InitiatorPort> fresh(work.asked.ports.begin(), work.asked.ports.end());
  for (const InitiatorPort& port : fresh) {
    if (find_registration(work.state, port)) return UnitAnswer::conflict;
  }
  fresh.insert(work.port);
  if (work.state.registrations.size() + fresh.size() > kMaxRegistrations) return UnitAnswer::insufficient_resources;
  for (const InitiatorPort& port : fresh) set_registration(work, port);
  return UnitAnswer::good;
}

UnitAnswer change_registration(Work& work) {
  if (!work.asked.ports.empty()) return UnitAnswer::invalid_field_in_list;
  if (work.asked.action_key != 0) {
    set_registration(work, work.port);
  } else {
    remove_registrations(work, [&](const Registration& registration) { return registration.port == work.port; });
    release_if_holder_is_gone(work);
  }
  return UnitAnswer::good;
}

UnitAnswer register_key(Work& work) {
  const bool ignore_key = work.asked.action == Action::register_and_ignore;
  if (ignore_key && !work.asked.ports.empty()) return UnitAnswer::invalid_field_in_list;
  const bool known = work.is_registered();
  if (!ignore_key && (known ? !work.shows_its_key() : work.asked.key != 0)) return UnitAnswer::conflict;
  if (!known && work.asked.action_key == 0) return UnitAnswer::good;  // nothing was there, and nothing is to be
  const UnitAnswer answer = known ? change_registration(work) : register_anew(work);
  work.state.through_power_loss = work.asked.through_power_loss;
  ++work.state.generation;
  return answer;
}

// ---- RESERVE, RELEASE, CLEAR (SPC-4 5.13.9, 5.13.11.2, 5.13.11.6)

UnitAnswer reserve(Work& work) {
  auto& held = work.state.held;
  if (held && !(holds(work.state, work.port) && held->type == work.asked.type)) return UnitAnswer::conflict;
  held = held_by(*work.asked.type, work.port);
  return UnitAnswer::good;
}

UnitAnswer release(Work& work) {
  if (!holds(work.state, work.port)) return UnitAnswer::good;  // nothing to release
  if (work.state.held->type != work.asked.type) return UnitAnswer::invalid_release;
  release_reservation(work);
  return UnitAnswer::good;
}

UnitAnswer clear(Work& work) {
  announce(work, kReservationsPreempted, others_registered(work));
  work.state.registrations.clear();
  work.state.held.reset();
  ++work.state.generation;
  return UnitAnswer::good;
}

// ---- PREEMPT, PREEMPT AND ABORT (SPC-4 5.13.11.4, 5.13.11.5)

// Whoever preempts its own reservation changes its type, and keeps its registration. Key 0 means everybody else.
Ports take_over(Work& work) {
  const std::uint64_t key = work.asked.action_key;
  const ReservationType type_before = work.state.held->type;
  Ports removed = remove_registrations(work, [&](const Registration& registration) {
    return registration.port != work.port && (key == 0 || registration.key == key);
  });
  work.state.held = held_by(*work.asked.type, work.port);
  announce(work, kRegistrationsPreempted, removed);
  if (type_before != work.asked.type) announce(work, kReservationsReleased, others_registered(work));
  if (key == work.asked.key) removed.push_back(work.port);  // its other tasks are preempted, too
  return removed;
}

Ports preempt_registrations(Work& work) {
  Ports removed = remove_registrations(
      work, [&](const Registration& registration) { return registration.key == work.asked.action_key; });
  announce(work, kRegistrationsPreempted, removed);
  release_if_holder_is_gone(work);
  return removed;
}

bool names_the_holder(const PersistentReservations& state, std::uint64_t key) {
  if (!state.held) return false;
  if (is_all_registrants(state.held->type)) return key == 0;
  return find_registration(state, state.held->holder)->key == key;
}

UnitAnswer preempt(Work& work) {
  const bool reservation = names_the_holder(work.state, work.asked.action_key);
  if (!reservation && work.asked.action_key == 0) return UnitAnswer::invalid_field_in_list;
  if (reservation && !work.asked.type) return UnitAnswer::invalid_field_in_cdb;
  Ports preempted = reservation ? take_over(work) : preempt_registrations(work);
  if (!reservation && preempted.empty()) return UnitAnswer::conflict;  // nobody has that key
  if (work.asked.action == Action::preempt_and_abort) work.consequences.aborted.ports = std::move(preempted);
  ++work.state.generation;
  return UnitAnswer::good;
}

// ---- REGISTER AND MOVE (SPC-4 5.13.8)

UnitAnswer register_and_move(Work& work) {
  const auto& [action, type, key, action_key, through_power_loss, all_target_ports, unregister, ports] = work.asked;
  auto& held = work.state.held;
  if (!held) return UnitAnswer::invalid_field_in_cdb;
  if (is_all_registrants(held->type) || held->holder != work.port) return UnitAnswer::conflict;
  if (action_key == 0 || ports.size() != 1 || ports.front() == work.port) return UnitAnswer::invalid_field_in_list;
  const InitiatorPort& destination = ports.front();
  const bool grows = !find_registration(work.state, destination) && !unregister;
  if (grows && work.state.registrations.size() >= kMaxRegistrations) return UnitAnswer::insufficient_resources;
  set_registration(work, destination);
  held->holder = destination;
  if (unregister) {
    remove_registrations(work, [&](const Registration& registration) { return registration.port == work.port; });
  }
  work.state.through_power_loss = through_power_loss;
  ++work.state.generation;
  return UnitAnswer::good;
}

// ---- any of them

UnitAnswer carry_out_registered(Work& work) {
  if (!work.shows_its_key()) return UnitAnswer::conflict;
  if (is_for_type(work.asked.action) && !work.asked.type) return UnitAnswer::invalid_field_in_cdb;
  switch (work.asked.action) {
    case Action::reserve: return reserve(work);
    case Action::release: return release(work);
    case Action::clear: return clear(work);
    case Action::preempt:
    case Action::preempt_and_abort: return preempt(work);
    case Action::register_and_move: return register_and_move(work);
    default: return UnitAnswer::invalid_field_in_cdb;
  }
}

UnitAnswer carry_out(Work& work) {
  switch (work.asked.action) {
    case Action::register_key:
    case Action::register_and_ignore: return register_key(work);
    case Action::replace_lost: return UnitAnswer::invalid_field_in_cdb;
    default: return carry_out_registered(work);
  }
}

// Has any nexus another access than before? Keys alone give none.
bool access_differs(const PersistentReservations& before, const PersistentReservations& after) {
  if (before.held != after.held) return true;
  if (!after.held || !is_registrants_only(after.held->type)) return false;
  return !std::ranges::equal(before.registrations, after.registrations, {}, &Registration::port, &Registration::port);
}

}  // namespace

Outcome persistent_reserve(const UnitView& view, const InitiatorPort& port, const PersistentReserveOut& asked) {
  if (view.reserved_by) return {.answer = UnitAnswer::conflict, .view = view};  // SPC-2 5.5.1: even by this nexus
  Outcome outcome{.view = view};
  Work work{port, asked, outcome.view.persistent, outcome.consequences};
  outcome.answer = carry_out(work);
  if (outcome.answer != UnitAnswer::good) return {.answer = outcome.answer, .view = view};
  CHECK(is_consistent(outcome.view.persistent), static_cast<int>(asked.action), outcome.view.persistent.generation);
  const bool aborts = !outcome.consequences.aborted.ports.empty();
  if (aborts || access_differs(view.persistent, outcome.view.persistent)) ++outcome.view.generation;
  return outcome;
}

bool is_consistent(const PersistentReservations& persistent) {
  const auto& all = persistent.registrations;
  const auto in_order = [](const Registration& a, const Registration& b) { return a.port < b.port; };
  const auto out_of_order = [&](const Registration& a, const Registration& b) { return !in_order(a, b); };
  if (std::ranges::adjacent_find(all, out_of_order) != all.end()) return false;
  if (std::ranges::find(all, 0u, &Registration::key) != all.end() || all.size() > kMaxRegistrations) return false;
  if (!persistent.held) return true;
  const bool named = persistent.held->holder != InitiatorPort{};
  return is_held(persistent) && named != is_all_registrants(persistent.held->type);
}

}  // namespace shoal::unit
