// PeerLinks: the links to the other members as the router needs them. Implemented by PeerTransport.
#pragma once

#include <vector>

#include "routing/page.h"
#include "routing/page_store.h"
#include "target/base/completion.h"
#include "target/base/ids.h"
#include "target/base/time.h"

namespace shoal::routing {

enum class FenceOutcome {
  confirmed,  // durable at that member, and nothing older runs there
  pending,    // not confirmed in time: it goes first on the next link to that member, before any operation
  failed,     // that member's stores cannot keep it
};

struct MemberFence {
  MemberId member;
  FenceOutcome outcome = FenceOutcome::pending;
  bool operator==(const MemberFence&) const = default;
};

class PeerLinks {
 public:
  // Told in the order of subscription. Fences that wait for that member are on the link already.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_link_up(MemberId member) = 0;
  };

  virtual ~PeerLinks() = default;
  // null: no link now. What is submitted to it completes with PageStatus::unreachable if the link breaks before the answer.
  virtual PageEndpoint* endpoint(MemberId member) = 0;
  // Hastens the answers of what was submitted before. Completes when that member confirms, or the link is gone.
  virtual void abort(MemberId member, ImageId image, const AbortSelection& selection, Completion<> done) = 0;
  // Completes when all have confirmed or `within` has passed, in the order of `members`.
  virtual void fence(const Fence& fence, const std::vector<MemberId>& members, Duration within,
                     Completion<std::vector<MemberFence>> done) = 0;
  virtual void subscribe(Listener& listener) = 0;  // for as long as the links live
};

}  // namespace shoal::routing
