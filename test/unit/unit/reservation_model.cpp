#include "reservation_model.h"

#include <algorithm>

namespace shoal::unit {

namespace {

using Action = PersistentReserveOut::Action;

// SPC-4 table 64: may who is registered, may who is not, read and write beside the holder? Is everybody the holder?
struct Row {
  int code;
  bool registered_reads, registered_writes, other_reads, everybody_holds;
};
constexpr Row kTable[] = {
    {1, true, false, true, false}, {3, false, false, false, false}, {5, true, true, true, false},
    {6, true, true, false, false}, {7, true, true, true, true},     {8, true, true, false, true},
};

const Row& row(ReservationType type) { return *std::ranges::find(kTable, static_cast<int>(type), &Row::code); }
bool shared(ReservationType type) { return row(type).registered_writes; }

}  // namespace

bool ReservationModel::any_registered() const {
  return std::ranges::any_of(keys, [](std::uint64_t key) { return key != 0; });
}

void ReservationModel::tell_registered(int ascq, int by, Told& told) const {
  for (int port = 0; port < kPorts; ++port) {
    if (keys[port] != 0 && port != by) told.attentions.insert({port, ascq});
  }
}

bool ReservationModel::may(int port, bool write) const {
  if (holder == kNobody || holder == port) return true;
  const Row& rules = row(type);
  if (keys[port] != 0) return write ? rules.registered_writes : rules.registered_reads;
  return !write && rules.other_reads;
}

// A registration goes, and with its holder the reservation.
void ReservationModel::drop(int port, int by, Told& told) {
  keys[port] = 0;
  if (holder == port) {
    holder = kNobody;
    if (shared(type)) tell_registered(0x04, by, told);
  }
  if (holder == kEverybody && !any_registered()) holder = kNobody;
}

ReservationModel::Told ReservationModel::reserve_spc2(int from) {
  if (any_registered() || (reserved_by != kNobody && reserved_by != from)) return {UnitAnswer::conflict, {}, {}};
  reserved_by = from;
  return {};
}

ReservationModel::Told ReservationModel::release_spc2(int from) {
  if (any_registered()) return {UnitAnswer::conflict, {}, {}};
  if (reserved_by == from) reserved_by = kNobody;
  return {};
}

ReservationModel::Told ReservationModel::run(int from, const Command& command) {
  Told told;
  const bool known = keys[from] != 0;
  if (reserved_by != kNobody) {
    told.answer = UnitAnswer::conflict;
  } else if (command.action == Action::replace_lost) {
    told.answer = UnitAnswer::invalid_field_in_cdb;
  } else if (command.action == Action::register_key) {
    if (known ? command.key != keys[from] : command.key != 0) {
      told.answer = UnitAnswer::conflict;
    } else {
      enrol(from, command, known, told);
    }
  } else if (command.action == Action::register_and_ignore) {
    if (!command.ports.empty()) {
      told.answer = UnitAnswer::invalid_field_in_list;
    } else {
      enrol(from, command, known, told);
    }
  } else if (!known || command.key != keys[from]) {
    told.answer = UnitAnswer::conflict;
  } else {
    run_registered(from, command, told);
  }
  return told;
}

void ReservationModel::enrol(int from, const Command& command, bool known, Told& told) {
  if (known && !command.ports.empty()) {
    told.answer = UnitAnswer::invalid_field_in_list;
    return;
  }
  if (command.action_key == 0) {
    if (!known) return;
    drop(from, from, told);
  } else {
    for (const int port : command.ports) {
      if (keys[port] != 0) {
        told.answer = UnitAnswer::conflict;
        return;
      }
    }
    keys[from] = command.action_key;
    for (const int port : command.ports) keys[port] = command.action_key;
  }
  ++generation;
}

void ReservationModel::run_registered(int from, const Command& command, Told& told) {
  const bool holds = holder == from || holder == kEverybody;
  switch (command.action) {
    case Action::reserve:
      if (holder == kNobody) {
        holder = row(command.type).everybody_holds ? kEverybody : from;
        type = command.type;
      } else if (!holds || type != command.type) {
        told.answer = UnitAnswer::conflict;
      }
      return;
    case Action::release:
      if (!holds) return;
      if (type != command.type) {
        told.answer = UnitAnswer::invalid_release;
        return;
      }
      holder = kNobody;
      if (shared(type)) tell_registered(0x04, from, told);
      return;
    case Action::clear:
      tell_registered(0x03, from, told);
      keys.fill(0);
      holder = kNobody;
      ++generation;
      return;
    case Action::register_and_move: return move(from, command, told);
    default: return preempt(from, command, told);
  }
}

// SPC-4 table 67, by what the service action reservation key says.
void ReservationModel::preempt(int from, const Command& command, Told& told) {
  const std::uint64_t victim = command.action_key;
  const bool takes_over = holder == kEverybody ? victim == 0 : holder != kNobody && keys[holder] == victim;
  if (victim == 0 && !takes_over) {
    told.answer = UnitAnswer::invalid_field_in_list;
    return;
  }
  std::set<int> victims;
  for (int port = 0; port < kPorts; ++port) {
    if (keys[port] == 0) continue;
    if (victim == 0 ? port != from : keys[port] == victim) victims.insert(port);
  }
  if (victims.empty() && !takes_over) {
    told.answer = UnitAnswer::conflict;
    return;
  }
  for (const int port : victims) {
    if (port != from) told.attentions.insert({port, 0x05});
    if (command.action == Action::preempt_and_abort) told.aborted.insert(port);
  }
  if (takes_over) {
    for (const int port : victims) {
      if (port != from) keys[port] = 0;
    }
    if (type != command.type) tell_registered(0x04, from, told);
    type = command.type;
    holder = row(type).everybody_holds ? kEverybody : from;
  } else {
    for (const int port : victims) drop(port, from, told);
  }
  ++generation;
}

void ReservationModel::move(int from, const Command& command, Told& told) {
  if (holder == kNobody) {
    told.answer = UnitAnswer::invalid_field_in_cdb;
  } else if (holder != from) {
    told.answer = UnitAnswer::conflict;
  } else if (command.action_key == 0 || command.ports.size() != 1 || command.ports.contains(from)) {
    told.answer = UnitAnswer::invalid_field_in_list;
  } else {
    holder = *command.ports.begin();
    keys[holder] = command.action_key;
    if (command.unregister) keys[from] = 0;
    ++generation;
  }
}

}  // namespace shoal::unit
