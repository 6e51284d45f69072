// Members with a transport each, on hosts of a simulated world; what they serve is answered by the test.
#pragma once

#include <optional>

#include "routing/page_message_codec.h"
#include "routing/peer_transport.h"
#include "test/sim/world.h"
#include "test/unit/routing/router_rig.h"

namespace shoal::routing::test {

// One member: its host, what it serves, and its transport. Killed and started again, it is another incarnation.
class TransportMember {
 public:
  TransportMember(sim::World& world, std::uint8_t number, PeerTransportLimits limits)
      : host_(world.add_host(fmt::format("m{}", number), {fmt::format("10.0.0.{}", number)})),
        number_(number),
        limits_(limits) {
    identity = {.member = id(), .stores = {store_id(number)}, .group = "demo", .key = "a key that the group shares"};
    start();
  }
  ~TransportMember() { transport.reset(); }

  void start() {
    identity.incarnation = ++incarnations_ * 100 + number_;
    transport.emplace(host_.runtime(), identity, pages, Log(), limits_);
    REQUIRE(transport->listen(address()).has_value());
    listener_.emplace(*this);
    transport->subscribe(*listener_);
  }
  void kill() {
    transport.reset();
    host_.kill();
  }
  void restart() {
    kill();
    host_.start();
    start();
  }

  MemberId id() const { return MemberId{number_}; }
  Endpoint address() const { return {host_.addresses().front(), 7000}; }
  sim::Host& host() { return host_; }
  Time now() { return host_.runtime().now(); }
  LinkStatus link_to(const TransportMember& other) const {
    for (const LinkStatus& link : transport->links()) {
      if (link.member == other.id()) return link;
    }
    FAIL("no such link");
    return {};
  }

  PageRequest request(std::uint64_t id, OperationKind kind = OperationKind::read) {
    PageRequest request{.kind = kind, .page = {ImageId{7}, PageIndex{0}}, .length = kBlockBytes, .store = store_id(1)};
    request.origin = {.nexus = nexus_id(1), .generation = Generation{1}, .id = OperationId{id}, .issued_at = now()};
    if (kind == OperationKind::write) request.data = {pattern(id, 1)};
    return request;
  }
  // What became of it is in `answers`, by id.
  void ask(const TransportMember& owner, PageRequest request) {
    PageEndpoint* endpoint = transport->endpoint(owner.id());
    REQUIRE(endpoint);
    const std::uint64_t id = request.origin.id.value;
    endpoint->submit(std::move(request), [this, id](PageResult result) {
      REQUIRE(!answers.contains(id));
      answers.emplace(id, std::move(result));
    });
  }
  void ask(const TransportMember& owner, std::uint64_t id, OperationKind kind = OperationKind::read) {
    ask(owner, request(id, kind));
  }

  LinkIdentity identity;
  FakePages pages;
  std::optional<PeerTransport> transport;
  std::map<std::uint64_t, PageResult> answers;
  std::function<void(MemberId)> on_up;

 private:
  struct UpListener final : PeerLinks::Listener {
    explicit UpListener(TransportMember& member) : member(member) {}
    void on_link_up(MemberId id) override {
      if (member.on_up) member.on_up(id);
    }
    TransportMember& member;
  };

  sim::Host& host_;
  std::uint8_t number_;
  PeerTransportLimits limits_;
  std::uint64_t incarnations_ = 0;
  std::optional<UpListener> listener_;
};

struct TransportRig {
  explicit TransportRig(std::uint8_t members = 2, PeerTransportLimits limits = {}) {
    for (std::uint8_t i = 1; i <= members; ++i) {
      all.push_back(std::make_unique<TransportMember>(world, i, limits));
    }
  }
  std::vector<PeerAddress> addresses() const {
    std::vector<PeerAddress> addresses;
    for (const auto& member : all) addresses.push_back({member->id(), member->address()});
    return addresses;
  }
  void join() {
    for (const auto& member : all) member->transport->update_members(addresses());
  }
  bool all_up() const {
    return std::ranges::all_of(all, [](const auto& member) {
      return std::ranges::all_of(member->transport->links(),
                                 [](const LinkStatus& link) { return link.state == LinkState::up && link.inbound; });
    });
  }
  void connect() {
    join();
    REQUIRE(world.run_until([this] { return all_up(); }, 5s));
  }
  bool until(const std::function<bool()>& done, Duration limit = 5s) { return world.run_until(done, limit); }

  sim::World world{1};
  std::vector<std::unique_ptr<TransportMember>> all;
  TransportMember& a() { return *all[0]; }
  TransportMember& b() { return *all[1]; }
  TransportMember& c() { return *all[2]; }
};

// A peer that says what the test wants: a raw stream, and the pieces of the protocol.
class RawPeer {
 public:
  RawPeer(sim::World& world, const Endpoint& to, const std::string& name = "raw")
      : world_(world), host_(world.add_host(name, {"10.0.9." + std::to_string(name.size())})) {
    host_.runtime().connect(to, 1s, [this](auto result) {
      if (result) stream_ = std::move(*result);
    });
    REQUIRE(world_.run_until([this] { return stream_ != nullptr; }, 2s));
    read();
  }

  void put(const Message& message) { outbox_.put(message); }
  void send() {
    stream_->write(outbox_.take(), [](auto) {});
    world_.run_for(5ms);
  }
  void say(const Message& message) {
    put(message);
    send();
  }
  void say(std::string_view text) {
    stream_->write({Slice::copy_of(text)}, [](auto) {});
    world_.run_for(5ms);
  }
  // The whole handshake; what it came to.
  HandshakeStep introduce(const LinkIdentity& self, MemberId to, std::uint64_t link_number) {
    DialerHandshake handshake(self, to, link_number, Nonce{});
    say(handshake.hello());
    HandshakeStep step;
    while (!step.accepted && !step.fault && !heard.empty()) {
      step = handshake.on_message(heard.back());
      if (step.accepted) framer_.set_authenticated();
      if (step.send) say(*step.send);
    }
    return step;
  }
  bool closed() const { return closed_; }

  std::vector<Message> heard;

 private:
  void read() {
    stream_->read_some(framer_.room(), [this](Result<std::size_t, NetError> result) {
      if (!result) {
        closed_ = true;
        return;
      }
      framer_.received(*result);
      for (auto framed = framer_.next(); std::holds_alternative<Frame>(framed); framed = framer_.next()) {
        heard.push_back(*decode(std::get<Frame>(framed)));
      }
      read();
    });
  }

  sim::World& world_;
  sim::Host& host_;
  std::unique_ptr<Stream> stream_;
  PageOutbox outbox_;
  PageFramer framer_;
  bool closed_ = false;
};

}  // namespace shoal::routing::test
