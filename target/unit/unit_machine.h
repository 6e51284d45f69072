// What a change makes of a unit's shared state: the rules of reservations (SPC-4 5.13, SPC-2 5.5), of mode parameters,
// and of resets. Pure: state and change in, next state and what the nexuses have to hear out. The member that keeps the
// unit runs it; the others only ever see its results.
#pragma once

#include <vector>

#include "target/ports/unit_state.h"

namespace shoal::unit {

inline constexpr std::size_t kMaxRegistrations = 512;  // of one unit

// Who of the nexuses is meant.
struct Audience {
  std::vector<InitiatorPort> ports;  // these, or with `all`: everybody but these
  bool all = false;
  bool includes(const InitiatorPort& port) const;
  bool operator==(const Audience&) const = default;
};

struct Announcement {
  UnitAttention attention;
  Audience audience;
  bool operator==(const Announcement&) const = default;
};

// What every member does when it takes in a new state, in this order.
struct Consequences {
  std::vector<Announcement> announcements;
  Audience aborted;  // their tasks end, with TASK ABORTED (TAS = 1), before the change is answered
  Audience ended;    // target cold reset: and their sessions. The asker's own ends when it has been answered
  bool operator==(const Consequences&) const = default;
};

struct Outcome {
  UnitAnswer answer = UnitAnswer::good;
  UnitView view;  // as before unless the answer is good
  Consequences consequences;
};

// `port`: whose command it is. Raises view.generation where who may do what has changed.
Outcome apply(const UnitView& view, const InitiatorPort& port, const UnitChange& change);

}  // namespace shoal::unit
