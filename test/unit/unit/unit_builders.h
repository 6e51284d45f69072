// Ports, commands and a unit that is told them one after the other.
#pragma once

#include <string>
#include <vector>

#include "target/unit/access.h"
#include "target/unit/unit_machine.h"

namespace shoal::unit {

using Action = PersistentReserveOut::Action;
using Type = ReservationType;

inline const InitiatorPort kAlice{"iqn.alice", 1}, kBob{"iqn.bob", 1}, kCarol{"iqn.carol", 1};
inline constexpr UnitAttention kPreemptedReservations{0x2a, 0x03}, kReleased{0x2a, 0x04},
    kPreemptedRegistrations{0x2a, 0x05};

struct TestedUnit {
  UnitView view;
  Consequences last;

  UnitAnswer tell(const InitiatorPort& port, UnitChange change) {
    Outcome outcome = apply(view, port, change);
    view = std::move(outcome.view);
    last = std::move(outcome.consequences);
    return outcome.answer;
  }
  UnitAnswer reserve_out(const InitiatorPort& port, PersistentReserveOut asked) { return tell(port, std::move(asked)); }
  UnitAnswer enrol(const InitiatorPort& port, std::uint64_t key) {
    return tell(port, PersistentReserveOut{.action = Action::register_key, .action_key = key});
  }
  UnitAnswer reserve(const InitiatorPort& port, std::uint64_t key, Type type) {
    return tell(port, PersistentReserveOut{.action = Action::reserve, .type = type, .key = key});
  }

  std::uint64_t key_of(const InitiatorPort& port) const {
    const Registration* const found = find_registration(view.persistent, port);
    return found ? found->key : 0;
  }
  // Of the last command: what this port hears.
  std::vector<UnitAttention> heard_by(const InitiatorPort& port) const {
    std::vector<UnitAttention> heard;
    for (const Announcement& each : last.announcements) {
      if (each.audience.includes(port)) heard.push_back(each.attention);
    }
    return heard;
  }
};

}  // namespace shoal::unit
