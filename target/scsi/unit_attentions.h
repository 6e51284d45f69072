// The unit attentions that wait for one nexus (SAM-5 5.14): the most important first, equal ones in the order in which
// they were raised, no two alike. Bounded: beyond kMaxUnitAttentions the least important is lost.
#pragma once

#include <optional>
#include <vector>

#include "target/ports/unit_attention.h"
#include "target/scsi/sense.h"

namespace shoal::scsi {

Sense sense_of(const UnitAttention& attention);

class UnitAttentions {
 public:
  void raise(UnitAttention attention);
  std::optional<UnitAttention> take();
  const std::vector<UnitAttention>& waiting() const { return waiting_; }

 private:
  std::vector<UnitAttention> waiting_;
};

}  // namespace shoal::scsi
