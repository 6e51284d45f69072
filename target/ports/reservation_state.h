// ReservationState: who may do what with a unit. Local now, group-wide later; commands that change it come with the full
// command set, the generation travels with every operation from the first day.
#pragma once

#include <cstdint>

#include "target/base/ids.h"

namespace shoal {

enum class AccessKind : std::uint8_t { read, write };

class ReservationState {
 public:
  virtual ~ReservationState() = default;
  virtual bool allows(const NexusId& nexus, AccessKind kind) const = 0;
  virtual std::uint64_t generation() const = 0;
};

// A unit that nobody reserves.
class NoReservations final : public ReservationState {
 public:
  bool allows(const NexusId&, AccessKind) const override { return true; }
  std::uint64_t generation() const override { return 0; }
};

}  // namespace shoal
