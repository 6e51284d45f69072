// RequestProbe: who wants to know what the operations of one session ask for, and where they go. Told only of what
// reads, writes or gives back blocks. On the hot path: cheap, and it calls nobody.
#pragma once

#include <memory>

#include "routing/splitter.h"
#include "target/ports/block_device.h"

namespace shoal::routing {

class RequestProbe {
 public:
  virtual ~RequestProbe() = default;
  virtual void started(const Operation& operation) = 0;
  // A part is given to the member that has its page; once, though it may have to be repeated.
  virtual void placed(const PagePart& part, MemberId owner, bool first) = 0;
  virtual void ended(Time now) = 0;  // of a started one, however it ended
};

}  // namespace shoal::routing
