// OutboundPeer: the link that this member dials to one other, for as long as that is a member: dials, backs off, asks,
// and keeps what must go first on the next link. Requests are pipelined and answered in any order; all of one pass
// leave in one write. Whoever waits for an answer when the link breaks is told `unreachable`: outcome unknown.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "routing/page_handshake.h"
#include "routing/peer_channel.h"
#include "routing/peer_limits.h"
#include "routing/peer_link.h"
#include "routing/peer_links.h"
#include "routing/request_slots.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

enum class LinkState { idle, connecting, handshaking, up, waiting };  // waiting: for the next attempt
const char* to_string(LinkState state);

struct LinkStatus {  // of the link that this member dials
  MemberId member;
  Endpoint peer;
  LinkState state = LinkState::idle;
  Time since{};
  std::string reason;  // why it is not up
  Duration rtt{};      // of the last ping
  std::uint64_t incarnation = 0;
  std::vector<StoreId> stores;  // as the handshake told
  std::uint64_t requests = 0, sent_bytes = 0, received_bytes = 0, breaks = 0;
  std::size_t outstanding = 0, pending_fences = 0;
  bool inbound = false;  // and the link that it dials here is up
};

class OutboundPeer final : public PageEndpoint,
                           private PeerLink::User,
                           public std::enable_shared_from_this<OutboundPeer> {
 public:
  using OnUp = std::function<void(MemberId)>;

  OutboundPeer(Runtime& runtime, const LinkIdentity& self, const PeerTransportLimits& limits, const Log& log,
               MemberId member, Endpoint address, OnUp on_up);
  ~OutboundPeer() override;  // requests in flight are not answered any more
  OutboundPeer(const OutboundPeer&) = delete;

  void dial();
  void set_address(const Endpoint& address);  // another one: closes and dials anew
  void stop();                                // ends the link and every request, and dials no more
  void tick(Time now);
  bool up() const { return state_ == LinkState::up; }
  LinkStatus status() const;

  void submit(PageRequest request, Completion<PageResult> done) override;
  void abort(ImageId image, const AbortSelection& selection, Completion<> done);
  // Called when the member has confirmed, perhaps over a later link, or could not keep it; `pending` when a newer fence
  // of the same nexus, which covers it, has taken its place.
  void fence(const Fence& fence, Completion<FenceOutcome> done);
  void control(ControlKind kind, std::string body, Duration timeout, Completion<Result<std::string, PeerError>> done);

 private:
  struct AwaitsPage {
    Completion<PageResult> done;
    OperationKind kind;
    std::uint32_t length;
    std::size_t bytes;  // that count against the limit
  };
  struct AwaitsAbort {
    Completion<> done;
  };
  struct AwaitsFence {
    Fence fence;
  };
  struct AwaitsControl {
    Completion<Result<std::string, PeerError>> done;  // empty: it has timed out
    std::unique_ptr<Timer> timer;
  };
  struct PendingFence {
    Fence fence;
    Completion<FenceOutcome> done;
  };
  struct Queued {
    PageRequest request;
    Completion<PageResult> done;
  };

  // Dialing.
  void on_connected(Result<std::unique_ptr<Stream>, NetError> result);
  void on_handshake(const Frame& frame);
  void on_up(const PeerIdentity& peer);
  void refused(const HandshakeStep& step);
  void lost(const std::string& reason, bool refused = false);
  void retry_later(bool refused);
  void enter(LinkState state, const std::string& reason = {});
  void wait(Duration time, void (OutboundPeer::*then)());
  void on_handshake_timeout() { lost("handshake timed out"); }

  // Asking.
  void on_frame(const Frame& frame) override;
  void on_end(const std::string& reason) override { lost(reason, refused_); }
  template <class T>
  std::optional<T> answered(std::uint64_t id);
  bool has_room(std::size_t bytes) const;
  bool may_overtake(const PageRequest& request) const;
  void send_request(PageRequest request, Completion<PageResult> done);
  void send_queued();
  void send_fence(const Fence& fence);
  void end_requests();
  void on_page_result(const Frame& frame);
  void on_fence_done(const FenceDoneMessage& message);
  void on_abort_done(const AbortDoneMessage& message);
  void on_control_reply(const ControlReplyMessage& message);
  void on_control_timeout(std::uint64_t id);
  void end_fence(const NexusId& nexus, FenceOutcome outcome);

  Runtime& runtime_;
  const LinkIdentity& self_;
  const PeerTransportLimits& limits_;
  const Log& log_;
  MemberId member_;
  Endpoint address_;
  OnUp on_up_;

  LinkState state_ = LinkState::idle;
  Time since_{};
  std::string reason_, logged_reason_;
  bool stopped_ = false;
  bool refused_ = false;          // by either side, for what a quick retry does not change
  std::uint64_t attempt_ = 0;     // what an older one brings is closed
  unsigned failures_ = 0;         // since the link was last up
  std::unique_ptr<Timer> timer_;  // of the handshake, or of the next attempt
  std::shared_ptr<PeerLink> link_;
  std::optional<DialerHandshake> handshake_;
  std::optional<PeerIdentity> peer_;

  RequestSlots<AwaitsPage, AwaitsAbort, AwaitsFence, AwaitsControl> slots_;
  std::size_t outstanding_ = 0, outstanding_bytes_ = 0, controls_ = 0;  // outstanding_: page requests
  std::deque<Queued> queue_;                                            // beyond the limits
  std::map<NexusId, PendingFence> fences_;                              // not confirmed: the newest of each nexus
  std::uint64_t requests_ = 0, sent_bytes_ = 0, received_bytes_ = 0, breaks_ = 0;
};

}  // namespace shoal::routing
