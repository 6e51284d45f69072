// PeerTransport: the links between this member and the others. Every member dials every other one: requests go on the
// link that was dialed, answers come back on it; so there are two connections a pair and no tie-breaks. Serves what the
// others ask.
//
// Order, on which the router's argument about ghost writes rests. For each pair (asker, owner):
//   1. On one link everything is handed to LocalPages in the order in which it was submitted.
//   2. The owner closes an older link of the same asker, unread bytes discarded, before it accepts a new one. So
//   nothing of an
//      older link reaches LocalPages after something of a newer one.
//   3. Nothing reaches LocalPages more than `silence` after it was sent: each side stamps its pings with its own clock,
//   and a
//      side whose newest returned stamp is older than that closes the link and discards what it has read and not read
//      (peer_link.h). This also covers a member whose loop stood still, rule (d) of ghost writes.
//   4. Fences that a member has not confirmed go first on every new link to it.
// Hence, once a link has been broken for `silence`, what was sent on it has reached LocalPages or never will; and
// whatever is submitted after that, by any member, comes behind it.
//
// Leaves out: which request goes where (Router), and whether a member is alive for anybody else.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "routing/local_pages.h"
#include "routing/outbound_peer.h"
#include "routing/page_handshake.h"
#include "routing/peer_channel.h"
#include "routing/peer_limits.h"
#include "routing/peer_links.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

class PeerTransport final : public PeerChannel, public PeerLinks {
 public:
  PeerTransport(Runtime& runtime, LinkIdentity self, LocalPages& pages, Log log, PeerTransportLimits limits = {});
  ~PeerTransport() override;  // requests in flight are not answered any more
  PeerTransport(const PeerTransport&) = delete;

  Result<void, NetError> listen(const Endpoint& at);
  Endpoint listening_at() const;  // with the port that port 0 became
  // The other members (this one is ignored). A changed address closes the link and dials anew; who is gone is
  // forgotten.
  void update_members(const std::vector<PeerAddress>& members);
  std::vector<LinkStatus> links() const;

  // PeerLinks
  PageEndpoint* endpoint(MemberId member) override;
  void abort(MemberId member, ImageId image, const AbortSelection& selection, Completion<> done) override;
  void fence(const Fence& fence, const std::vector<MemberId>& members, Duration within,
             Completion<std::vector<MemberFence>> done) override;
  void subscribe(Listener& listener) override;

  // PeerChannel. A request to this member itself is served here, without a timeout.
  void request(MemberId to, ControlKind kind, std::string body, Duration timeout,
               Completion<Result<std::string, PeerError>> done) override;
  void serve(ControlKind kind, Handler handler) override;
  bool connected(MemberId member) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal::routing
