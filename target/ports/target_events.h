// SessionControl: what the world may ask of a session that is being served here (inbound: registry, balancer, operator).
// Every call completes, even if the session ends meanwhile; a session unregisters before it is destroyed.
#pragma once

#include <cstdint>
#include <string>

#include "target/base/completion.h"
#include "target/base/time.h"
#include "target/ports/unit_attention.h"

namespace shoal {

class SessionControl {
 public:
  virtual ~SessionControl() = default;
  // Ends the session now (reinstatement, RFC 7143 6.3.5): no further command starts; completes when none of its tasks can
  // touch data any more. The connection is closed.
  virtual void end(const std::string& reason, Completion<> done) = 0;
  // Finishes the tasks that it has accepted, sends async event 2 with Parameter2 = 0, half-closes. `quiet` is called when the
  // tasks are finished and acknowledged, before the event is sent, so that the nexus can be released; `done` after the close.
  virtual void drop_after_tasks(const std::string& reason, Completion<> quiet, Completion<> done) = 0;
  // Async event 1: the initiator is to log out within that time, else drop_after_tasks.
  virtual void request_logout(Duration within, const std::string& reason) = 0;
  virtual void raise_unit_attention(UnitAttention attention) = 0;
};

}  // namespace shoal
