// MoveWatcher: who is told of a member's moves while they happen.
#pragma once

#include "target/ports/session_registry.h"
#include "tools/node/move_order.h"

namespace shoal {

class MoveWatcher {
 public:
  virtual ~MoveWatcher() = default;
  virtual void on_move_placed(const MoveRecord& move) = 0;  // its destination keeps a place
  virtual void on_move_ended(const MoveResult& result) = 0;
  // A session of another member has come here. `was`: its nexus there; a host may come with another ISID.
  virtual void on_arrival(const NexusName& nexus, const NexusName& was) = 0;
};

}  // namespace shoal
