#include "routing/page_handshake.h"

#include <catch2/catch.hpp>

#include "test/unit/routing/routing_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

Nonce nonce(int value) {
  Nonce bytes;
  bytes.fill(static_cast<std::byte>(value));
  return bytes;
}

LinkIdentity member(std::uint32_t id) {
  return {.member = MemberId{id},
          .incarnation = 100 + id,
          .stores = {store_id(static_cast<std::uint8_t>(id))},
          .group = "demo",
          .key = "sixteen bytes or more"};
}

// A dialer (member 1) and a listener (member 2), until one of them has nothing to say.
struct Dialogue {
  LinkIdentity dialer_identity = member(1), listener_identity = member(2);
  MemberId expected{2};
  std::vector<Message> said;
  std::optional<PeerIdentity> dialer_accepted, listener_accepted;
  std::optional<RefusalReason> dialer_fault, listener_fault;

  void run() {
    DialerHandshake dialer(dialer_identity, expected, 5, nonce(1));
    ListenerHandshake listener(listener_identity, nonce(2));
    std::optional<Message> message = dialer.hello();
    for (bool to_listener = true; message; to_listener = !to_listener) {
      said.push_back(*message);
      HandshakeStep step = to_listener ? listener.on_message(*message) : dialer.on_message(*message);
      if (step.accepted) (to_listener ? listener_accepted : dialer_accepted) = step.accepted;
      if (step.fault) (to_listener ? listener_fault : dialer_fault) = step.fault;
      message = step.send;
    }
  }
  bool nobody_accepted() const { return !dialer_accepted && !listener_accepted; }
};

}  // namespace

TEST_CASE("two members of a group accept each other and know who the other is") {
  Dialogue dialogue;
  dialogue.run();
  REQUIRE(dialogue.said.size() == 4);
  REQUIRE(dialogue.dialer_accepted);
  REQUIRE(dialogue.listener_accepted);
  CHECK(dialogue.dialer_accepted->member == MemberId{2});
  CHECK(dialogue.dialer_accepted->incarnation == 102);
  CHECK(dialogue.dialer_accepted->stores == std::vector{store_id(2)});
  CHECK(dialogue.listener_accepted->member == MemberId{1});
  CHECK(dialogue.listener_accepted->link_number == 5);
  CHECK(dialogue.listener_accepted->stores == std::vector{store_id(1)});
}

TEST_CASE("a dialer with another key is refused, and sees no proof of the listener") {
  Dialogue dialogue;
  dialogue.dialer_identity.key = "another key of sixteen";
  dialogue.run();
  CHECK(dialogue.nobody_accepted());
  CHECK(dialogue.listener_fault == RefusalReason::key);
  CHECK(dialogue.dialer_fault == RefusalReason::key);
  for (const Message& message : dialogue.said) CHECK_FALSE(std::holds_alternative<Welcome>(message));
}

TEST_CASE("a listener that does not know the key is refused by the dialer") {
  const LinkIdentity self = member(1);
  DialerHandshake dialer(self, MemberId{2}, 1, nonce(1));
  dialer.on_message(Challenge{.from = MemberId{2}, .nonce = nonce(2)});
  const HandshakeStep step = dialer.on_message(Welcome{nonce(3)});
  CHECK(step.fault == RefusalReason::key);
  CHECK_FALSE(step.accepted);
}

TEST_CASE("another group is refused before any proof") {
  Dialogue dialogue;
  dialogue.dialer_identity.group = "other";
  dialogue.run();
  CHECK(dialogue.nobody_accepted());
  CHECK(dialogue.listener_fault == RefusalReason::group);
  CHECK(dialogue.said.size() == 2);
}

TEST_CASE("another member than the one that was meant refuses") {
  Dialogue dialogue;
  dialogue.expected = MemberId{3};
  dialogue.run();
  CHECK(dialogue.nobody_accepted());
  CHECK(dialogue.listener_fault == RefusalReason::member);
}

TEST_CASE("a member does not link to itself, and nobody is nobody") {
  Dialogue own;
  own.dialer_identity = member(2);
  own.run();
  CHECK(own.listener_fault == RefusalReason::member);
  Dialogue nobody;
  nobody.dialer_identity.member = MemberId{};
  nobody.run();
  CHECK(nobody.listener_fault == RefusalReason::member);
}

TEST_CASE("a challenge of another member is refused by the dialer") {
  const LinkIdentity self = member(1);
  DialerHandshake dialer(self, MemberId{2}, 1, nonce(1));
  CHECK(dialer.on_message(Challenge{.from = MemberId{3}, .nonce = nonce(2)}).fault == RefusalReason::member);
}

TEST_CASE("versions without a common one are refused on both sides") {
  const LinkIdentity self = member(2);
  ListenerHandshake listener(self, nonce(2));
  Hello hello{.lowest_version = kPageProtocolVersion + 1,
              .highest_version = 9,
              .group = digest_of_group("demo"),
              .from = MemberId{1},
              .to = MemberId{2}};
  CHECK(listener.on_message(hello).fault == RefusalReason::version);
  const LinkIdentity dialing = member(1);
  DialerHandshake dialer(dialing, MemberId{2}, 1, nonce(1));
  CHECK(dialer.on_message(Challenge{.version = kPageProtocolVersion + 1, .from = MemberId{2}}).fault ==
        RefusalReason::version);
}

TEST_CASE("a range of versions with ours in it is answered with ours") {
  const LinkIdentity self = member(2);
  ListenerHandshake listener(self, nonce(2));
  Hello hello{.lowest_version = 0,
              .highest_version = 9,
              .group = digest_of_group("demo"),
              .from = MemberId{1},
              .to = MemberId{2}};
  const HandshakeStep step = listener.on_message(hello);
  REQUIRE(step.send);
  CHECK(std::get<Challenge>(*step.send).version == kPageProtocolVersion);
}

TEST_CASE("a recorded dialogue does not open another link") {
  Dialogue recorded;
  recorded.run();
  ListenerHandshake listener(recorded.listener_identity, nonce(99));  // a fresh nonce, as always
  listener.on_message(recorded.said[0]);
  const HandshakeStep step = listener.on_message(recorded.said[2]);
  CHECK(step.fault == RefusalReason::key);
  CHECK_FALSE(step.accepted);
}

TEST_CASE("the listener's own proof does not pass for the dialer's") {
  Dialogue recorded;
  recorded.run();
  ListenerHandshake listener(recorded.listener_identity, nonce(2));
  listener.on_message(recorded.said[0]);
  const Mac reflected = std::get<Welcome>(recorded.said[3]).mac;
  CHECK(listener.on_message(Proof{reflected}).fault == RefusalReason::key);
}

TEST_CASE("a proof covers the stores and ids that were said") {
  Dialogue recorded;
  recorded.run();
  Hello changed = std::get<Hello>(recorded.said[0]);
  changed.link_number = 6;
  ListenerHandshake listener(recorded.listener_identity, nonce(2));
  listener.on_message(changed);
  CHECK(listener.on_message(recorded.said[2]).fault == RefusalReason::key);
}

TEST_CASE("messages out of turn end the handshake") {
  const LinkIdentity self = member(2);
  Dialogue recorded;
  recorded.run();
  const auto listener_fault = [&](std::vector<Message> messages) {
    ListenerHandshake listener(self, nonce(2));
    HandshakeStep step;
    for (const Message& message : messages) step = listener.on_message(message);
    return step.fault;
  };
  CHECK(listener_fault({recorded.said[2]}) == RefusalReason::malformed);
  CHECK(listener_fault({recorded.said[0], recorded.said[0]}) == RefusalReason::malformed);
  CHECK(listener_fault({recorded.said[1]}) == RefusalReason::malformed);
  CHECK(listener_fault({Ping{1}}) == RefusalReason::malformed);
  DialerHandshake dialer(recorded.dialer_identity, MemberId{2}, 5, nonce(1));
  CHECK(dialer.on_message(recorded.said[3]).fault == RefusalReason::malformed);
}

TEST_CASE("a refusal is not answered") {
  const LinkIdentity self = member(1);
  DialerHandshake dialer(self, MemberId{2}, 1, nonce(1));
  const HandshakeStep step = dialer.on_message(Refusal{RefusalReason::group});
  CHECK(step.by_peer);
  CHECK(step.fault == RefusalReason::group);
  CHECK_FALSE(step.send);
}
