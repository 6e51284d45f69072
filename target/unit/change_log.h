// ChangeLog: which unit attentions the last changes of a unit have raised, so that a nexus that had no session
// meanwhile hears them when it returns. Bounded: whoever was away for longer learns that something was missed (29/00).
// Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "target/unit/unit_machine.h"

namespace shoal::unit {

inline constexpr std::size_t kLoggedChanges = 64;
inline constexpr std::size_t kLoggedPorts = 2048;  // that they name, in all; the last change is always there

class ChangeLog {
 public:
  // Changes after that one are to come, in order.
  explicit ChangeLog(std::uint64_t serial = 0) : complete_since_(serial) {}

  void add(std::uint64_t serial, const std::vector<Announcement>& announcements);
  std::vector<UnitAttention> missed(const InitiatorPort& port, std::uint64_t since) const;

 private:
  struct Change {
    std::uint64_t serial = 0;
    std::vector<Announcement> announcements;
  };
  void forget_first();

  std::uint64_t complete_since_;
  std::deque<Change> changes_;
  std::size_t ports_ = 0;
};

}  // namespace shoal::unit
