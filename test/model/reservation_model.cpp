#include "test/model/reservation_model.h"

namespace model {

namespace {
constexpr std::uint16_t kReservationsPreempted = 0x2a03, kReservationsReleased = 0x2a04,
                        kRegistrationsPreempted = 0x2a05, kDeviceReset = 0x2903, kPowerOn = 0x2900;

bool for_registrants(int type) { return type >= 5; }
bool is_write_exclusive(int type) { return type == 1 || type == 5 || type == 7; }
}  // namespace

std::optional<Key> ReservationModel::key_of(Who who) const {
  const auto found = keys_.find(who);
  return found == keys_.end() ? std::nullopt : std::optional(found->second);
}

bool ReservationModel::holds(Who who) const {
  if (!held_) return false;
  return is_of_all_registrants(held_->type) ? key_of(who).has_value() : held_->holder == who;
}

// ---- who may use the unit

Verdict ReservationModel::access(Who from, Access access) const {
  if (reserved_for_other(from)) return Verdict::conflict;
  if (!held_ || access == Access::harmless || holds(from)) return Verdict::good;
  if (for_registrants(held_->type) && key_of(from)) return Verdict::good;
  return access == Access::read && is_write_exclusive(held_->type) ? Verdict::good : Verdict::conflict;
}

// SPC-2 5.5.1: while RESERVE is in force all PERSISTENT RESERVE IN and OUT conflict, even those of its holder.
Verdict ReservationModel::persistent_reserve_in() const { return reserved_by_ ? Verdict::conflict : Verdict::good; }

// ---- SPC-2

Verdict ReservationModel::reserve(Who from) {
  if (!keys_.empty() || reserved_for_other(from)) return Verdict::conflict;
  reserved_by_ = from;
  return Verdict::good;
}

Verdict ReservationModel::release(Who from) {
  if (!keys_.empty()) return Verdict::conflict;
  if (reserved_by_ == from) reserved_by_.reset();
  return Verdict::good;
}

void ReservationModel::lose_nexus(Who who) {
  if (reserved_by_ == who) reserved_by_.reset();
  forget(who);
}

void ReservationModel::reset() {
  reserved_by_.reset();
  tell_all_of_a_reset(kDeviceReset);
}

void ReservationModel::lose_everything() {
  reserved_by_.reset();
  keys_.clear();
  held_.reset();
  generation_ = 0;
  tell_all_of_a_reset(kPowerOn);
}

void ReservationModel::tell_all_of_a_reset(std::uint16_t code) {
  for (Who who = 1; who <= initiators_; ++who) {
    Attentions& waiting = attentions_[who];
    waiting.possible.merge(waiting.due);
    waiting.possible.merge(waiting.missed);
    waiting = {.due = {code}, .possible = std::move(waiting.possible)};
  }
}

// ---- PERSISTENT RESERVE OUT

Verdict ReservationModel::persistent_reserve_out(Who from, const ReserveOut& out) {
  if (reserved_by_) return Verdict::conflict;
  if (out.action == Action::register_key || out.action == Action::register_and_ignore) return register_key(from, out);
  if (key_of(from) != out.key) return Verdict::conflict;
  switch (out.action) {
    case Action::reserve: return reserve_persistently(from, out);
    case Action::release: return release_persistently(from, out);
    case Action::clear: return clear(from);
    case Action::register_and_move: return register_and_move(from, out);
    default: return preempt(from, out);
  }
}

Verdict ReservationModel::register_key(Who from, const ReserveOut& out) {
  if (out.action == Action::register_key && key_of(from).value_or(0) != out.key) return Verdict::conflict;
  if (out.action_key == 0) {
    if (!key_of(from)) return Verdict::good;  // nothing happens, nothing is counted
    unregister(from);
  } else {
    keys_[from] = out.action_key;
  }
  ++generation_;
  return Verdict::good;
}

// SPC-4 5.13.11.3: with the holder goes the reservation.
void ReservationModel::unregister(Who who) {
  const bool held = holds(who);
  keys_.erase(who);
  if (held && !(is_of_all_registrants(held_->type) && !keys_.empty())) end_reservation(who);
}

void ReservationModel::end_reservation(Who except) {
  if (for_registrants(held_->type)) tell_registered(kReservationsReleased, except);
  held_.reset();
}

void ReservationModel::tell_registered(std::uint16_t code, Who except) {
  for (const auto& [who, key] : keys_) {
    if (who != except) tell(who, code);
  }
}

Verdict ReservationModel::reserve_persistently(Who from, const ReserveOut& out) {
  if (!held_) {
    held_ = Reservation{out.type, is_of_all_registrants(out.type) ? 0 : from};
    return Verdict::good;
  }
  return holds(from) && held_->type == out.type ? Verdict::good : Verdict::conflict;
}

Verdict ReservationModel::release_persistently(Who from, const ReserveOut& out) {
  if (!holds(from)) return Verdict::good;
  if (held_->type != out.type) return Verdict::invalid_release;
  end_reservation(from);
  return Verdict::good;
}

Verdict ReservationModel::clear(Who from) {
  tell_registered(kReservationsPreempted, from);
  keys_.clear();
  held_.reset();
  ++generation_;
  return Verdict::good;
}

// SPC-4 5.13.11.4: the reservation is preempted where the key is its holder's, or is 0 and all registrants hold it.
Verdict ReservationModel::preempt(Who from, const ReserveOut& out) {
  const bool everybody_holds = held_ && is_of_all_registrants(held_->type);
  if (everybody_holds ? out.action_key == 0 : held_ && keys_.at(held_->holder) == out.action_key) {
    preempt_reservation(from, out);
    return Verdict::good;
  }
  if (out.action_key == 0) return Verdict::invalid_list;
  bool found = false;
  for (const auto& [who, key] : std::map(keys_)) {
    if (key != out.action_key) continue;
    found = true;
    unregister(who);
    if (who != from) tell(who, kRegistrationsPreempted);
  }
  if (!found) return Verdict::conflict;
  ++generation_;
  return Verdict::good;
}

void ReservationModel::preempt_reservation(Who from, const ReserveOut& out) {
  for (const auto& [who, key] : std::map(keys_)) {
    if (who == from || (out.action_key != 0 && key != out.action_key)) continue;
    keys_.erase(who);
    tell(who, kRegistrationsPreempted);
  }
  if (held_->type != out.type) tell_registered(kReservationsReleased, from);
  held_ = Reservation{out.type, is_of_all_registrants(out.type) ? 0 : from};
  ++generation_;
}

Verdict ReservationModel::register_and_move(Who from, const ReserveOut& out) {
  if (!held_) return Verdict::invalid_cdb;
  if (is_of_all_registrants(held_->type) || held_->holder != from) return Verdict::conflict;
  if (out.action_key == 0 || out.destination == from) return Verdict::invalid_list;
  keys_[out.destination] = out.action_key;
  held_->holder = out.destination;
  if (out.unregister) keys_.erase(from);
  ++generation_;
  return Verdict::good;
}

// ---- unit attentions

bool ReservationModel::must_report(Who who) const {
  const auto found = attentions_.find(who);
  return found != attentions_.end() && !(found->second.due.empty() && found->second.missed.empty());
}

void ReservationModel::may_hear_of_power_on(Who who) {
  Attentions& waiting = attentions_[who];
  waiting.missed.merge(waiting.due);
  waiting.due.clear();
  waiting.or_power_on = true;
}

bool ReservationModel::report(Who who, std::uint16_t code) {
  Attentions& waiting = attentions_[who];
  if (waiting.due.erase(code) != 0 || waiting.missed.erase(code) != 0) return true;
  if (code != kPowerOn || !std::exchange(waiting.or_power_on, false)) return waiting.possible.erase(code) != 0;
  waiting.possible.merge(waiting.missed);  // some of it may be known, and told all the same
  waiting.missed.clear();
  return true;
}

}  // namespace model
