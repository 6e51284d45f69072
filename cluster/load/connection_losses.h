// ConnectionLosses: which nexuses are to be left alone. A command survives a few losses of its connection in a row, not
// more, so a nexus that lost two within kLossesWithin, whatever the cause, is not moved for kLeftAlone.
#pragma once

#include <map>

#include "target/base/ids.h"
#include "target/base/time.h"

namespace shoal::load {

inline constexpr Duration kLossesWithin = 60s;
inline constexpr Duration kLeftAlone = 60s;
inline constexpr std::size_t kMaxLossesKept = 4096;  // nexuses; beyond, the one whose last loss is oldest is forgotten

class ConnectionLosses {
 public:
  void note(Time now, const NexusId& nexus);
  bool left_alone(Time now, const NexusId& nexus) const;

 private:
  struct Losses {
    Time last;
    Time alone_until;
  };
  void forget_old(Time now);
  std::map<NexusId, Losses> losses_;
};

}  // namespace shoal::load
