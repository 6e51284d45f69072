// A reference for reservations, written from the tables of SPC-4 5.13 and SPC-2 5.5 in another way than the rules in
// target/unit, and sharing nothing with them but the names of actions and types: a fixed few ports by number, a key
// each, and a table of what each type lets whom do.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>

#include "target/ports/unit_state.h"

namespace shoal::unit {

class ReservationModel {
 public:
  static constexpr int kPorts = 5;
  static constexpr int kNobody = -1;
  static constexpr int kEverybody = -2;  // holds: each that is registered

  struct Attention {
    int port;
    int ascq;  // of 2A
    auto operator<=>(const Attention&) const = default;
  };
  struct Told {
    UnitAnswer answer = UnitAnswer::good;
    std::set<Attention> attentions;
    std::set<int> aborted;
  };
  struct Command {
    PersistentReserveOut::Action action{};
    ReservationType type{};
    std::uint64_t key = 0, action_key = 0;
    bool unregister = false;
    std::set<int> ports;
  };

  std::array<std::uint64_t, kPorts> keys{};
  int holder = kNobody;
  ReservationType type{};
  std::uint32_t generation = 0;
  int reserved_by = kNobody;  // SPC-2

  Told run(int from, const Command& command);
  Told reserve_spc2(int from);
  Told release_spc2(int from);
  bool may(int port, bool write) const;

 private:
  void run_registered(int from, const Command& command, Told& told);
  void enrol(int from, const Command& command, bool known, Told& told);
  void preempt(int from, const Command& command, Told& told);
  void move(int from, const Command& command, Told& told);
  void drop(int port, int by, Told& told);
  void tell_registered(int ascq, int by, Told& told) const;
  bool any_registered() const;
};

}  // namespace shoal::unit
