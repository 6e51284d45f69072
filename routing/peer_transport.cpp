#include "routing/peer_transport.h"

#include <algorithm>
#include <set>
#include <utility>

#include "routing/inbound_peer.h"
#include "target/base/check.h"

namespace shoal::routing {
namespace {

// One fence at several members. Kept alive by the completions that it waits for.
struct FenceCall : std::enable_shared_from_this<FenceCall> {
  std::vector<MemberFence> outcomes;
  std::size_t waiting = 0;
  Completion<std::vector<MemberFence>> done;
  std::unique_ptr<Timer> timer;

  void on_outcome(std::size_t index, FenceOutcome outcome) {
    if (!done) return;
    outcomes[index].outcome = outcome;
    if (--waiting == 0) end();
  }
  void end() {
    timer.reset();
    if (auto call = std::exchange(done, nullptr)) call(std::move(outcomes));
  }
};

}  // namespace

struct PeerTransport::State final : private InboundPeer::Host {
  State(Runtime& runtime, LinkIdentity identity, LocalPages& pages, Log log, PeerTransportLimits limits)
      : runtime(runtime), self(std::move(identity)), pages(pages), log(std::move(log)), limits(limits) {}

  OutboundPeer* find(MemberId member) const {
    const auto at = dialed.find(member);
    return at == dialed.end() ? nullptr : at->second.get();
  }
  void add(const PeerAddress& member);
  void forget(MemberId member);
  void arm();
  void tick();

  void accept(std::unique_ptr<Stream> stream);
  bool admit(InboundPeer& peer, const PeerIdentity& identity) override;
  void on_end(InboundPeer& peer) override;
  bool on_control(MemberId from, ControlKind kind, std::string body, Completion<std::string> reply) override;
  void on_link_up(MemberId member);

  struct Newest {
    std::uint64_t incarnation = 0, link_number = 0;
  };

  Runtime& runtime;
  const LinkIdentity self;
  LocalPages& pages;
  const Log log;
  const PeerTransportLimits limits;
  std::map<ControlKind, Handler> handlers;
  std::vector<Listener*> subscribers;
  std::map<MemberId, Newest> newest;                    // link of each member that was admitted
  std::vector<std::shared_ptr<InboundPeer>> half_open;  // the oldest first
  std::map<MemberId, std::shared_ptr<InboundPeer>> accepted;
  std::map<MemberId, std::shared_ptr<OutboundPeer>> dialed;
  std::vector<std::unique_ptr<shoal::Listener>> listeners;
  std::unique_ptr<Timer> ticker;
};

// ---- members ----------------------------------------------------------------------------------------------------

void PeerTransport::State::add(const PeerAddress& member) {
  const auto known = dialed.find(member.id);
  if (known != dialed.end()) return known->second->set_address(member.peer);
  auto peer = std::make_shared<OutboundPeer>(runtime, self, limits, log, member.id, member.peer,
                                             [this](MemberId id) { on_link_up(id); });
  dialed.emplace(member.id, peer);
  peer->dial();
  arm();
}

void PeerTransport::State::forget(MemberId member) {
  if (const auto inbound = accepted.extract(member)) inbound.mapped()->close();
  if (const auto outbound = dialed.extract(member)) outbound.mapped()->stop();
}

void PeerTransport::State::on_link_up(MemberId member) {
  for (Listener* subscriber : subscribers) subscriber->on_link_up(member);
}

// One timer for all links: pings, silence, and handshakes that take too long.
void PeerTransport::State::arm() {
  if (ticker || (dialed.empty() && accepted.empty() && half_open.empty())) return;
  ticker = runtime.after(limits.ping_interval, [this] { tick(); });
}

void PeerTransport::State::tick() {
  ticker.reset();
  const Time now = runtime.now();
  const auto outbound = dialed;  // what a tick ends leaves the originals
  const auto inbound = accepted;
  const auto handshaking = half_open;
  for (const auto& [member, peer] : outbound) peer->tick(now);
  for (const auto& [member, peer] : inbound) peer->tick(now);
  for (const auto& peer : handshaking) peer->tick(now);
  arm();
}

// ---- who dials us -----------------------------------------------------------------------------------------------

void PeerTransport::State::accept(std::unique_ptr<Stream> stream) {
  if (half_open.size() >= limits.handshakes) {
    log.warn("handshakes_full limit={}", limits.handshakes);
    half_open.front()->close();
    half_open.erase(half_open.begin());
  }
  half_open.push_back(std::make_shared<InboundPeer>(runtime, self, limits, log, pages,
                                                    static_cast<InboundPeer::Host&>(*this), std::move(stream)));
  half_open.back()->start();
  arm();
}

// Order, 2: the older link is closed, unread bytes discarded, before the new one is welcomed.
bool PeerTransport::State::admit(InboundPeer& peer, const PeerIdentity& identity) {
  Newest& known = newest[identity.member];
  if (known.incarnation == identity.incarnation && known.link_number >= identity.link_number) return false;
  known = {identity.incarnation, identity.link_number};
  const auto at = std::ranges::find(half_open, &peer, [](const auto& other) { return other.get(); });
  CHECK(at != half_open.end(), identity.member);
  auto& place = accepted[identity.member];
  if (place) place->close();
  place = std::move(*at);
  half_open.erase(at);
  return true;
}

void PeerTransport::State::on_end(InboundPeer& peer) {
  std::erase_if(half_open, [&](const auto& other) { return other.get() == &peer; });
  std::erase_if(accepted, [&](const auto& other) { return other.second.get() == &peer; });
}

bool PeerTransport::State::on_control(MemberId from, ControlKind kind, std::string body,
                                      Completion<std::string> reply) {
  const auto handler = handlers.find(kind);
  if (handler == handlers.end()) return false;
  handler->second(from, std::move(body), std::move(reply));
  return true;
}

// ---- the transport ----------------------------------------------------------------------------------------------

PeerTransport::PeerTransport(Runtime& runtime, LinkIdentity self, LocalPages& pages, Log log,
                             PeerTransportLimits limits)
    : state_(std::make_unique<State>(runtime, std::move(self), pages, std::move(log), limits)) {
  CHECK(state_->self.key.size() >= kMinGroupKeyBytes, state_->self.key.size());
  CHECK(state_->self.stores.size() <= kMaxStoresPerMember, state_->self.stores.size());
}

PeerTransport::~PeerTransport() = default;

Result<void, NetError> PeerTransport::listen(const Endpoint& at) {
  auto listener = state_->runtime.listen(
      at, [state = state_.get()](std::unique_ptr<Stream> stream) { state->accept(std::move(stream)); });
  if (!listener) return listener.error();
  state_->listeners.push_back(std::move(*listener));
  return {};
}

Endpoint PeerTransport::listening_at() const {
  CHECK(!state_->listeners.empty(), state_->self.member);
  return state_->listeners.front()->local();
}

void PeerTransport::update_members(const std::vector<PeerAddress>& members) {
  std::set<MemberId> wanted, gone;
  for (const PeerAddress& member : members) wanted.insert(member.id);
  for (const auto& [member, peer] : state_->dialed) {
    if (!wanted.contains(member)) gone.insert(member);
  }
  for (const MemberId member : gone) state_->forget(member);
  for (const PeerAddress& member : members) {
    if (member.id != state_->self.member) state_->add(member);
  }
}

std::vector<LinkStatus> PeerTransport::links() const {
  std::vector<LinkStatus> links;
  for (const auto& [member, peer] : state_->dialed) {
    links.push_back(peer->status());
    links.back().inbound = state_->accepted.contains(member);
  }
  return links;
}

PageEndpoint* PeerTransport::endpoint(MemberId member) {
  OutboundPeer* peer = state_->find(member);
  return peer && peer->up() ? peer : nullptr;
}

void PeerTransport::abort(MemberId member, ImageId image, const AbortSelection& selection, Completion<> done) {
  OutboundPeer* peer = state_->find(member);
  if (!peer) return done();
  peer->abort(image, selection, std::move(done));
}

void PeerTransport::fence(const Fence& fence, const std::vector<MemberId>& members, Duration within,
                          Completion<std::vector<MemberFence>> done) {
  const auto call = std::make_shared<FenceCall>();
  call->waiting = members.size() + 1;  // itself, until all are asked
  call->done = std::move(done);
  for (const MemberId member : members) call->outcomes.push_back({member, FenceOutcome::pending});
  call->timer = state_->runtime.after(within, [weak = call->weak_from_this()] {
    if (const auto call = weak.lock()) call->end();
  });
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (OutboundPeer* peer = state_->find(members[i])) {
      peer->fence(fence, [call, i](FenceOutcome outcome) { call->on_outcome(i, outcome); });
    } else {  // no member any more: nothing to keep it for
      call->on_outcome(i, FenceOutcome::failed);
    }
  }
  if (--call->waiting == 0) call->end();
}

void PeerTransport::subscribe(Listener& listener) { state_->subscribers.push_back(&listener); }

void PeerTransport::request(MemberId to, ControlKind kind, std::string body, Duration timeout,
                            Completion<Result<std::string, PeerError>> done) {
  if (OutboundPeer* peer = state_->find(to)) return peer->control(kind, std::move(body), timeout, std::move(done));
  if (to != state_->self.member) return done(PeerError::unreachable);
  const auto handler = state_->handlers.find(kind);
  if (handler == state_->handlers.end()) return done(PeerError::refused);
  handler->second(to, std::move(body), [done = std::move(done)](std::string reply) mutable { done(std::move(reply)); });
}

void PeerTransport::serve(ControlKind kind, Handler handler) { state_->handlers[kind] = std::move(handler); }

bool PeerTransport::connected(MemberId member) const {
  const OutboundPeer* peer = state_->find(member);
  return peer && peer->up();
}

}  // namespace shoal::routing
