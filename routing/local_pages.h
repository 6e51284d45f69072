// LocalPages: this member's page service as the router and the peers see it. An interface, so that both are tested without
// stores; page_service_adapter.h makes one of a PageService.
//
// What routing's argument about ghost writes needs of it (peer_transport.h, "Order"): overlapping requests take effect in
// the order in which they were submitted, reads included; a fence or abort is about what was submitted before it.
#pragma once

#include "routing/page.h"
#include "routing/page_store.h"
#include "target/base/completion.h"

namespace shoal::routing {

class LocalPages {
 public:
  virtual ~LocalPages() = default;
  virtual PageEndpoint& for_sessions() = 0;  // of this member
  virtual PageEndpoint& for_peers() = 0;
  virtual void fence(const Fence& fence, Completion<PageStatus> done) = 0;
  virtual void abort(ImageId image, const AbortSelection& selection, Completion<> done) = 0;
};

}  // namespace shoal::routing
