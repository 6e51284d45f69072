#include "routing/outbound_peer.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"

namespace shoal::routing {
namespace {

std::uint64_t age_us(Time now, Time issued_at) {
  if (issued_at >= now) return 0;
  return static_cast<std::uint64_t>((now - issued_at) / 1us) + 1;  // never younger than it is
}

bool plausible(const PageResult& result, OperationKind kind, std::uint32_t length) {
  if (result.status != PageStatus::ok) return true;
  if (kind == OperationKind::lba_status) return !result.lba_status.empty();
  return total_size(result.data) == (kind == OperationKind::read ? length : 0);
}

}  // namespace

const char* to_string(LinkState state) {
  switch (state) {
    case LinkState::idle: return "idle";
    case LinkState::connecting: return "connecting";
    case LinkState::handshaking: return "handshaking";
    case LinkState::up: return "up";
    case LinkState::waiting: return "waiting";
  }
  return "unknown";
}

OutboundPeer::OutboundPeer(Runtime& runtime, const LinkIdentity& self, const PeerTransportLimits& limits,
                           const Log& log, MemberId member, Endpoint address, OnUp on_up)
    : runtime_(runtime),
      self_(self),
      limits_(limits),
      log_(log),
      member_(member),
      address_(std::move(address)),
      on_up_(std::move(on_up)),
      since_(runtime.now()) {}

OutboundPeer::~OutboundPeer() {
  if (link_) link_->close();
}

// ---- dialing ----------------------------------------------------------------------------------------------------

void OutboundPeer::dial() {
  if (stopped_) return;
  enter(LinkState::connecting, reason_);
  const std::uint64_t attempt = ++attempt_;
  runtime_.connect(address_, limits_.connect_timeout,
                   [weak = weak_from_this(), attempt](Result<std::unique_ptr<Stream>, NetError> result) {
                     const auto self = weak.lock();
                     if (self && self->attempt_ == attempt) self->on_connected(std::move(result));
                   });
}

void OutboundPeer::on_connected(Result<std::unique_ptr<Stream>, NetError> result) {
  if (!result) return lost(to_string(result.error()));
  enter(LinkState::handshaking, reason_);
  Nonce nonce;
  runtime_.random().fill(nonce);
  handshake_.emplace(self_, member_, attempt_, nonce);
  refused_ = false;
  link_ =
      std::make_shared<PeerLink>(runtime_, std::move(*result), static_cast<PeerLink::User&>(*this), limits_.silence);
  wait(limits_.handshake_timeout, &OutboundPeer::on_handshake_timeout);
  link_->outbox().put(handshake_->hello());
  link_->send();
  link_->start();
}

void OutboundPeer::on_handshake(const Frame& frame) {
  const auto message = decode(frame);
  HandshakeStep step = message ? handshake_->on_message(*message) : refuse(RefusalReason::malformed);
  if (step.fault) return refused(step);
  if (step.send) link_->outbox().put(*step.send);
  if (step.accepted) on_up(*step.accepted);
}

void OutboundPeer::refused(const HandshakeStep& step) {
  refused_ = *step.fault != RefusalReason::stale_link;
  if (step.send) link_->outbox().put(*step.send);
  link_->fail_when_sent(
      fmt::format("{}{}", step.by_peer ? "refused by the peer: " : "refused: ", to_string(*step.fault)));
}

void OutboundPeer::on_up(const PeerIdentity& peer) {
  timer_.reset();
  handshake_.reset();
  peer_ = peer;
  link_->set_up();
  enter(LinkState::up);
  failures_ = 0;
  logged_reason_.clear();
  log_.info("link_up member={} peer={} incarnation={:x} fences={}", member_, address_.to_string(), peer.incarnation,
            fences_.size());
  for (const auto& [nexus, pending] : fences_) send_fence(pending.fence);  // before any operation
  on_up_(member_);
}

// Ends what was on the link, if there was one, and tries again later.
void OutboundPeer::lost(const std::string& reason, bool refused) {
  const bool was_up = up();
  if (link_) {
    sent_bytes_ += link_->sent_bytes();
    received_bytes_ += link_->received_bytes();
    std::exchange(link_, nullptr)->close();
  }
  handshake_.reset();
  timer_.reset();
  ++attempt_;
  if (was_up) ++breaks_;
  if (!stopped_ && (was_up || reason != logged_reason_)) {
    logged_reason_ = reason;
    const char* what = was_up ? "link_down" : "link_failed";
    log_.warn("{} member={} peer={} reason={}", what, member_, address_.to_string(), quoted(reason));
  }
  enter(stopped_ ? LinkState::idle : LinkState::waiting, reason);
  if (!stopped_) retry_later(refused);
  if (was_up) end_requests();
}

void OutboundPeer::retry_later(bool refused) {
  Duration delay = limits_.longest_back_off;
  if (!refused && failures_ < 16) delay = std::min(delay, limits_.first_back_off * (1 << failures_));
  ++failures_;
  const auto jitter = static_cast<std::uint64_t>(delay.count()) / 4;
  wait(delay - Duration(static_cast<Duration::rep>(runtime_.random().below(jitter + 1))), &OutboundPeer::dial);
}

void OutboundPeer::wait(Duration time, void (OutboundPeer::*then)()) {
  timer_ = runtime_.after(time, [this, then] { (this->*then)(); });
}

void OutboundPeer::enter(LinkState state, const std::string& reason) {
  if (state_ != state) since_ = runtime_.now();
  state_ = state;
  reason_ = reason;
}

void OutboundPeer::set_address(const Endpoint& address) {
  if (address == address_) return;
  address_ = address;
  if (state_ == LinkState::idle) return;
  failures_ = 0;
  lost("the member has another address");
}

void OutboundPeer::stop() {
  const auto keep = shared_from_this();
  stopped_ = true;
  lost("no member of the group any more");
  for (auto& [nexus, pending] : std::exchange(fences_, {})) {
    pending.done(FenceOutcome::failed);
  }
}

void OutboundPeer::tick(Time now) {
  if (up()) link_->tick(now);
}

LinkStatus OutboundPeer::status() const {
  LinkStatus status{.member = member_, .peer = address_, .state = state_, .since = since_, .reason = reason_};
  status.requests = requests_;
  status.sent_bytes = sent_bytes_ + (link_ ? link_->sent_bytes() : 0);
  status.received_bytes = received_bytes_ + (link_ ? link_->received_bytes() : 0);
  status.breaks = breaks_;
  status.outstanding = outstanding_ + queue_.size();
  status.pending_fences = fences_.size();
  if (peer_) {
    status.incarnation = peer_->incarnation;
    status.stores = peer_->stores;
  }
  if (link_) status.rtt = link_->rtt();
  return status;
}

// ---- asking -----------------------------------------------------------------------------------------------------

// What waited for that answer; nullopt: nothing did, and the link is closed.
template <class T>
std::optional<T> OutboundPeer::answered(std::uint64_t id) {
  auto awaits = slots_.release<T>(id);
  if (!awaits) link_->fail("protocol: an answer to what was not asked");
  return awaits;
}

bool OutboundPeer::has_room(std::size_t bytes) const {
  if (outstanding_ == 0) return true;
  return outstanding_ < limits_.outstanding_requests && outstanding_bytes_ + bytes <= limits_.outstanding_bytes;
}

// What the owner has and does not answer may wait for the range that a compare_and_write keeps there: it overtakes, as
// far as the owner surely lets it go.
bool OutboundPeer::may_overtake(const PageRequest& request) const {
  return request.kind == OperationKind::compare_and_write && !request.keep && outstanding_ < kMaxOutstandingRequests &&
         outstanding_bytes_ + weight(request) <= kMaxOutstandingBytes / 2;
}

void OutboundPeer::submit(PageRequest request, Completion<PageResult> done) {
  if (!up()) return done(PageResult{.status = PageStatus::unreachable});
  const bool waits = !queue_.empty() || !has_room(weight(request));
  if (waits && !may_overtake(request)) {
    queue_.push_back({std::move(request), std::move(done)});
    return;
  }
  send_request(std::move(request), std::move(done));
}

void OutboundPeer::send_request(PageRequest request, Completion<PageResult> done) {
  const std::size_t bytes = weight(request);
  const std::uint64_t age = age_us(runtime_.now(), request.origin.issued_at);
  const std::uint64_t id = slots_.take(AwaitsPage{std::move(done), request.kind, request.length, bytes});
  ++requests_;
  ++outstanding_;
  outstanding_bytes_ += bytes;
  link_->outbox().put(id, std::move(request), age);
  link_->send();
}

void OutboundPeer::send_queued() {
  while (up() && !queue_.empty() && has_room(weight(queue_.front().request))) {
    Queued next = std::move(queue_.front());
    queue_.pop_front();
    send_request(std::move(next.request), std::move(next.done));
  }
}

void OutboundPeer::abort(ImageId image, const AbortSelection& selection, Completion<> done) {
  if (!up()) return done();
  // What waits here has not been seen by the member: it is not to go behind the abort.
  std::deque<Queued> kept, ended;
  for (Queued& queued : queue_) {
    const bool selected = queued.request.page.image == image && selects(selection, queued.request.origin);
    (selected ? ended : kept).push_back(std::move(queued));
  }
  queue_ = std::move(kept);
  link_->outbox().put(Message(AbortMessage{slots_.take(AwaitsAbort{std::move(done)}), image, selection}));
  link_->send();
  for (Queued& queued : ended) queued.done(PageResult{.status = PageStatus::aborted});
}

void OutboundPeer::fence(const Fence& fence, Completion<FenceOutcome> done) {
  const auto known = fences_.find(fence.nexus);
  if (known == fences_.end() && fences_.size() >= limits_.pending_fences) return done(FenceOutcome::failed);
  if (known != fences_.end() && fence.generation < known->second.fence.generation) return done(FenceOutcome::pending);
  PendingFence& pending = fences_[fence.nexus];
  const bool newer = pending.fence != fence;
  pending.fence = fence;
  auto replaced = std::exchange(pending.done, std::move(done));
  if (newer && up()) send_fence(fence);
  if (replaced) replaced(FenceOutcome::pending);
}

void OutboundPeer::send_fence(const Fence& fence) {
  link_->outbox().put(Message(FenceMessage{slots_.take(AwaitsFence{fence}), fence}));
  link_->send();
}

void OutboundPeer::control(ControlKind kind, std::string body, Duration timeout,
                           Completion<Result<std::string, PeerError>> done) {
  if (!up()) return done(PeerError::unreachable);
  if (body.size() > kMaxControlBytes || controls_ >= limits_.outstanding_controls) return done(PeerError::refused);
  ++controls_;
  const std::uint64_t id = slots_.take(AwaitsControl{std::move(done), nullptr});
  slots_.find<AwaitsControl>(id)->timer = runtime_.after(timeout, [this, id] { on_control_timeout(id); });
  link_->outbox().put(Message(ControlRequestMessage{id, static_cast<std::uint16_t>(kind), Slice::copy_of(body)}));
  link_->send();
}

// The slot stays until the answer or the end of the link: the peer still has the request.
void OutboundPeer::on_control_timeout(std::uint64_t id) {
  auto done = std::move(slots_.find<AwaitsControl>(id)->done);
  done(PeerError::timed_out);
}

// ---- answers ----------------------------------------------------------------------------------------------------

void OutboundPeer::on_frame(const Frame& frame) {
  const auto keep = shared_from_this();
  if (!up()) return on_handshake(frame);
  if (frame.type == FrameType::page_result) return on_page_result(frame);
  const auto message = decode(frame);
  if (!message) return link_->fail(std::string("protocol: ") + to_string(message.error()));
  if (const auto* fence = std::get_if<FenceDoneMessage>(&*message)) return on_fence_done(*fence);
  if (const auto* abort = std::get_if<AbortDoneMessage>(&*message)) return on_abort_done(*abort);
  if (const auto* control = std::get_if<ControlReplyMessage>(&*message)) return on_control_reply(*control);
  link_->fail("protocol: a request on the dialer's link");
}

void OutboundPeer::on_page_result(const Frame& frame) {
  auto message = decode_page_result(frame);
  if (!message) return link_->fail(std::string("protocol: ") + to_string(message.error()));
  auto awaits = answered<AwaitsPage>(message->id);
  if (!awaits) return;
  --outstanding_;
  outstanding_bytes_ -= awaits->bytes;
  if (!plausible(message->result, awaits->kind, awaits->length)) {
    awaits->done(PageResult{.status = PageStatus::unreachable});
    if (link_) link_->fail("protocol: an answer of another length than was asked for");
    return;
  }
  awaits->done(std::move(message->result));
  send_queued();
}

void OutboundPeer::on_fence_done(const FenceDoneMessage& message) {
  const auto awaits = answered<AwaitsFence>(message.id);
  if (!awaits) return;
  const auto pending = fences_.find(awaits->fence.nexus);
  if (pending == fences_.end() || pending->second.fence != awaits->fence) return;  // a newer one is on its way
  // `fenced`: it knows a newer generation than this one, so the older ones are refused as well.
  const bool kept = message.status == PageStatus::ok || message.status == PageStatus::fenced;
  if (!kept) log_.error("fence_failed member={} status={}", member_, to_string(message.status));
  end_fence(awaits->fence.nexus, kept ? FenceOutcome::confirmed : FenceOutcome::failed);
}

void OutboundPeer::end_fence(const NexusId& nexus, FenceOutcome outcome) {
  auto pending = std::move(fences_.at(nexus));
  fences_.erase(nexus);
  pending.done(outcome);
}

void OutboundPeer::on_abort_done(const AbortDoneMessage& message) {
  if (auto awaits = answered<AwaitsAbort>(message.id)) awaits->done();
}

void OutboundPeer::on_control_reply(const ControlReplyMessage& message) {
  auto awaits = answered<AwaitsControl>(message.id);
  if (!awaits) return;
  --controls_;
  awaits->timer.reset();
  if (!awaits->done) return;
  if (message.refused) return awaits->done(PeerError::refused);
  awaits->done(std::string(as_text(message.body.bytes())));
}

void OutboundPeer::end_requests() {
  auto queue = std::exchange(queue_, {});
  outstanding_ = outstanding_bytes_ = controls_ = 0;
  struct End {
    void operator()(std::monostate) const {}
    void operator()(AwaitsPage& page) const { page.done(PageResult{.status = PageStatus::unreachable}); }
    void operator()(AwaitsAbort& abort) const { abort.done(); }
    void operator()(AwaitsFence&) const {}  // it goes again on the next link
    void operator()(AwaitsControl& control) const {
      control.timer.reset();
      if (control.done) control.done(PeerError::unreachable);
    }
  };
  slots_.release_all(End{});
  for (Queued& queued : queue) queued.done(PageResult{.status = PageStatus::unreachable});
}

}  // namespace shoal::routing
