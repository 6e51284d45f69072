// InboundPeer: the listener's side of one link: checks who dials, hands what it asks to LocalPages in the order in
// which it came, and answers in the order in which things complete. What completes within a pass leaves in the write at
// its end.
//
// A mutation older than max_age is answered `ghost` and goes no further (ghost writes, rule (d)). An asker that goes
// beyond the limits of peer_limits.h is not one of ours: the link is closed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "routing/local_pages.h"
#include "routing/page_handshake.h"
#include "routing/peer_channel.h"
#include "routing/peer_limits.h"
#include "routing/peer_link.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

class InboundPeer final : private PeerLink::User, public std::enable_shared_from_this<InboundPeer> {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    // The peer has proved who it is. It is welcomed after this; false: a newer link of its is known.
    virtual bool admit(InboundPeer& peer, const PeerIdentity& identity) = 0;
    virtual void on_end(InboundPeer& peer) = 0;  // not after close()
    // False: nobody serves that kind. `reply` may be called at any time, or never.
    virtual bool on_control(MemberId from, ControlKind kind, std::string body, Completion<std::string> reply) = 0;
  };

  InboundPeer(Runtime& runtime, const LinkIdentity& self, const PeerTransportLimits& limits, const Log& log,
              LocalPages& pages, Host& host, std::unique_ptr<Stream> stream);
  ~InboundPeer() override;
  InboundPeer(const InboundPeer&) = delete;

  void start();
  void close();         // unread bytes are discarded, nothing is answered any more
  void tick(Time now);  // pings; ends a handshake that takes too long
  const std::optional<PeerIdentity>& identity() const { return identity_; }  // once admitted

 private:
  void on_frame(const Frame& frame) override;
  void on_end(const std::string& reason) override;
  void on_handshake(const Frame& frame);
  void refuse_peer(const HandshakeStep& step);

  void on_page_request(const Frame& frame);
  void on_fence(const FenceMessage& message);
  void on_abort(const AbortMessage& message);
  void on_control(const ControlRequestMessage& message);
  bool too_old(const PageRequest& request) const;
  bool begin_page(std::size_t bytes);
  bool begin_other();
  void answer_page(std::uint64_t id, std::size_t bytes, PageResult result);
  void answer_other(const Message& message);

  const PeerTransportLimits& limits_;
  const Log& log_;
  LocalPages& pages_;
  Host& host_;
  Time accepted_at_;
  Endpoint address_;
  std::shared_ptr<PeerLink> link_;
  ListenerHandshake handshake_;
  std::optional<PeerIdentity> identity_;
  std::size_t requests_ = 0, bytes_ = 0, others_ = 0;  // not answered yet
};

}  // namespace shoal::routing
