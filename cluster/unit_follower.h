// UnitFollower: what this member goes by, of one unit: the keeper's view as far as it has arrived, and what is still to
// be told of what has. Late and repeated news change nothing; news with a gap before them leave unknown what was
// missed, so all nexuses are told that they may have missed something, and nothing that was allowed earlier goes on.
// Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/unit_messages.h"
#include "target/unit/change_log.h"

namespace shoal::cluster {

class UnitFollower {
 public:
  explicit UnitFollower(std::uint32_t term);

  const UnitView& view() const { return view_; }
  std::uint64_t serial() const { return serial_; }
  UnitMoment moment() const;
  // What the keeper's changes have told that port since, as far as they have arrived.
  std::vector<UnitAttention> missed(const InitiatorPort& port, const UnitMoment& since) const;

  // What the nexuses here have to hear and to suffer of it, in this order.
  std::vector<unit::Consequences> adopt(const UnitSnapshot& unit);
  // Another keeper, which knows nothing of what was: as after a power on.
  unit::Consequences begin_term(std::uint32_t term);

 private:
  UnitView view_;
  std::uint64_t serial_ = 0;
  unit::ChangeLog log_;
};

}  // namespace shoal::cluster
