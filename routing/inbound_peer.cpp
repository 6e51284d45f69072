#include "routing/inbound_peer.h"

#include <fmt/format.h>

#include <utility>

namespace shoal::routing {
namespace {

Nonce fresh_nonce(Random& random) {
  Nonce nonce;
  random.fill(nonce);
  return nonce;
}

}  // namespace

InboundPeer::InboundPeer(Runtime& runtime, const LinkIdentity& self, const PeerTransportLimits& limits, const Log& log,
                         LocalPages& pages, Host& host, std::unique_ptr<Stream> stream)
    : limits_(limits),
      log_(log),
      pages_(pages),
      host_(host),
      accepted_at_(runtime.now()),
      address_(stream->peer()),
      link_(
          std::make_shared<PeerLink>(runtime, std::move(stream), static_cast<PeerLink::User&>(*this), limits.silence)),
      handshake_(self, fresh_nonce(runtime.random())) {}

InboundPeer::~InboundPeer() { link_->close(); }

void InboundPeer::start() { link_->start(); }

void InboundPeer::close() { link_->close(); }

void InboundPeer::tick(Time now) {
  if (identity_) return link_->tick(now);
  if (now - accepted_at_ > limits_.handshake_timeout) link_->fail("handshake timed out");
}

void InboundPeer::on_end(const std::string& reason) {
  if (identity_) {
    log_.info("peer_gone member={} peer={} reason={}", identity_->member, address_.to_string(), quoted(reason));
  } else {
    log_.warn("peer_failed peer={} reason={}", address_.to_string(), quoted(reason));
  }
  host_.on_end(*this);
}

// ---- handshake --------------------------------------------------------------------------------------------------

void InboundPeer::on_handshake(const Frame& frame) {
  const auto message = decode(frame);
  HandshakeStep step = message ? handshake_.on_message(*message) : refuse(RefusalReason::malformed);
  if (step.accepted && !host_.admit(*this, *step.accepted)) step = refuse(RefusalReason::stale_link);
  if (step.fault) return refuse_peer(step);
  if (step.accepted) {
    identity_ = step.accepted;
    link_->set_up();
    log_.info("peer_joined member={} peer={} incarnation={:x}", identity_->member, address_.to_string(),
              identity_->incarnation);
  }
  if (step.send) link_->outbox().put(*step.send);
}

void InboundPeer::refuse_peer(const HandshakeStep& step) {
  if (step.send) link_->outbox().put(*step.send);
  link_->fail_when_sent(
      fmt::format("{}{}", step.by_peer ? "refused by the dialer: " : "refused: ", to_string(*step.fault)));
}

// ---- requests ---------------------------------------------------------------------------------------------------

void InboundPeer::on_frame(const Frame& frame) {
  const auto keep = shared_from_this();
  if (!identity_) return on_handshake(frame);
  if (frame.type == FrameType::page_request) return on_page_request(frame);
  const auto message = decode(frame);
  if (!message) return link_->fail(fmt::format("protocol: {}", to_string(message.error())));
  if (const auto* fence = std::get_if<FenceMessage>(&*message)) return on_fence(*fence);
  if (const auto* abort = std::get_if<AbortMessage>(&*message)) return on_abort(*abort);
  if (const auto* control = std::get_if<ControlRequestMessage>(&*message)) return on_control(*control);
  link_->fail("protocol: an answer on the listener's link");
}

// What was sent on this link and is not read yet counts from fresh(): never younger than it is (peer_link.h).
bool InboundPeer::too_old(const PageRequest& request) const {
  return is_mutation(request.kind) && link_->now() - request.origin.issued_at > limits_.max_age;
}

void InboundPeer::on_page_request(const Frame& frame) {
  auto message = decode_page_request(frame);
  if (!message) return link_->fail(fmt::format("protocol: {}", to_string(message.error())));
  const std::size_t bytes = weight(message->request);
  if (!begin_page(bytes)) return;
  const std::uint64_t id = message->id;
  message->request.origin.issued_at = link_->fresh() - std::chrono::microseconds(message->age_us);
  if (too_old(message->request)) return answer_page(id, bytes, PageResult{.status = PageStatus::ghost});
  pages_.for_peers().submit(std::move(message->request), [weak = weak_from_this(), id, bytes](PageResult result) {
    if (const auto self = weak.lock()) self->answer_page(id, bytes, std::move(result));
  });
}

// Answers that the asker has not taken count as well: it counts them until it has them.
bool InboundPeer::begin_page(std::size_t bytes) {
  if (requests_ >= kMaxOutstandingRequests || bytes_ + bytes + link_->unsent_bytes() > kMaxOutstandingBytes) {
    link_->fail("protocol: more outstanding requests than allowed");
    return false;
  }
  ++requests_;
  bytes_ += bytes;
  return true;
}

bool InboundPeer::begin_other() {
  if (others_ >= kMaxOutstandingOthers || link_->unsent_bytes() > kMaxOutstandingBytes) {
    link_->fail("protocol: more outstanding requests than allowed");
    return false;
  }
  ++others_;
  return true;
}

void InboundPeer::answer_page(std::uint64_t id, std::size_t bytes, PageResult result) {
  --requests_;
  bytes_ -= bytes;
  if (link_->closed()) return;
  link_->outbox().put(id, std::move(result));
  link_->send();
}

void InboundPeer::answer_other(const Message& message) {
  --others_;
  if (link_->closed()) return;
  link_->outbox().put(message);
  link_->send();
}

void InboundPeer::on_fence(const FenceMessage& message) {
  if (!begin_other()) return;
  pages_.fence(message.fence, [weak = weak_from_this(), id = message.id](PageStatus status) {
    if (const auto self = weak.lock()) self->answer_other(FenceDoneMessage{id, status});
  });
}

void InboundPeer::on_abort(const AbortMessage& message) {
  if (!begin_other()) return;
  pages_.abort(message.image, message.selection, [weak = weak_from_this(), id = message.id] {
    if (const auto self = weak.lock()) self->answer_other(AbortDoneMessage{id});
  });
}

void InboundPeer::on_control(const ControlRequestMessage& message) {
  if (!begin_other()) return;
  auto reply = [weak = weak_from_this(), id = message.id](std::string body) {
    const auto self = weak.lock();
    if (!self) return;
    const bool fits = body.size() <= kMaxControlBytes;
    self->answer_other(ControlReplyMessage{id, !fits, fits ? Slice::copy_of(body) : Slice()});
  };
  const std::string body(as_text(message.body.bytes()));
  if (!host_.on_control(identity_->member, static_cast<ControlKind>(message.kind), body, std::move(reply))) {
    answer_other(ControlReplyMessage{message.id, true, {}});
  }
}

}  // namespace shoal::routing
