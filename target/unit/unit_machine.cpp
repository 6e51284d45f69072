#include "target/unit/unit_machine.h"

#include <algorithm>

#include "target/unit/access.h"
#include "target/unit/attentions.h"
#include "target/unit/persistent_reserve.h"

namespace shoal::unit {

namespace {

Audience everybody() { return {.all = true}; }
Audience everybody_but(const InitiatorPort& port) { return {.ports = {port}, .all = true}; }

Outcome refused(const UnitView& view, UnitAnswer answer) { return {.answer = answer, .view = view}; }

Outcome apply_one(const UnitView& view, const InitiatorPort& port, const PersistentReserveOut& asked) {
  return persistent_reserve(view, port, asked);
}

// SPC-2 5.5.1: by the holder again it is granted again; with registrations in place it conflicts (no CRH).
Outcome apply_one(const UnitView& view, const InitiatorPort& port, const ReserveUnit&) {
  if (!view.persistent.registrations.empty() || reserved_for_other(view, port)) {
    return refused(view, UnitAnswer::conflict);
  }
  Outcome outcome{.view = view};
  if (!view.reserved_by) ++outcome.view.generation;
  outcome.view.reserved_by = port;
  return outcome;
}

Outcome release(const UnitView& view, const InitiatorPort& port) {
  Outcome outcome{.view = view};
  if (view.reserved_by == port) {
    outcome.view.reserved_by.reset();
    ++outcome.view.generation;
  }
  return outcome;
}

Outcome apply_one(const UnitView& view, const InitiatorPort& port, const ReleaseUnit&) {
  if (!view.persistent.registrations.empty()) return refused(view, UnitAnswer::conflict);
  return release(view, port);  // of somebody else's reservation: GOOD, and nothing is done
}

Outcome apply_one(const UnitView& view, const InitiatorPort& port, const NexusLost&) { return release(view, port); }

Outcome apply_one(const UnitView& view, const InitiatorPort& port, const ChangeMode& change) {
  Outcome outcome{.view = view};
  if (view.mode == change.mode) return outcome;
  outcome.view.mode = change.mode;
  ++outcome.view.generation;
  outcome.consequences.announcements.push_back({kModeParametersChanged, everybody_but(port)});
  return outcome;
}

Outcome apply_one(const UnitView& view, const InitiatorPort&, const ChangeCondition& change) {
  if (view.condition != change.from) return refused(view, UnitAnswer::conflict);
  Outcome outcome{.view = view};
  outcome.view.condition = change.to;
  ++outcome.view.generation;
  return outcome;
}

Outcome apply_one(const UnitView& view, const InitiatorPort&, const TellNexuses& told) {
  Outcome outcome{.view = view};
  outcome.consequences.announcements.push_back({told.attention, everybody()});
  return outcome;
}

Outcome apply_one(const UnitView& view, const InitiatorPort& port, const ResetUnit& reset) {
  Outcome outcome{.view = view};
  ++outcome.view.generation;  // what is still under way of the tasks that end is refused by its age, too
  outcome.view.reserved_by.reset();
  const UnitAttention attention = reset.kind == ResetKind::logical_unit ? kDeviceReset : kPowerOn;
  outcome.consequences.announcements.push_back({attention, everybody()});  // who asked for it, too (SAM-5 6.3.3)
  outcome.consequences.aborted.all = true;
  if (reset.kind == ResetKind::target_cold) outcome.consequences.ended = everybody_but(port);
  return outcome;
}

}  // namespace

bool Audience::includes(const InitiatorPort& port) const {
  return (std::ranges::find(ports, port) != ports.end()) != all;
}

Outcome apply(const UnitView& view, const InitiatorPort& port, const UnitChange& change) {
  return std::visit([&](const auto& one) { return apply_one(view, port, one); }, change);
}

}  // namespace shoal::unit
