// The handshake of a link, both sides, as pure machines: which version is spoken, that both belong to the same group,
// that each is the member it says, and that both know the group's key (HMAC-SHA256 over both nonces; the dialer proves
// itself first, so that nobody gets a proof for the asking). The caller brings fresh nonces and closes the stream after
// a fault. Leaves out: encryption, and authentication of what follows (TLS, later).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "routing/page_message.h"

namespace shoal::routing {

inline constexpr std::size_t kMinGroupKeyBytes = 16;

// Who we are in every handshake.
struct LinkIdentity {
  MemberId member;
  std::uint64_t incarnation = 0;  // of this process: another one after every start
  std::vector<StoreId> stores;    // at most kMaxStoresPerMember
  std::string group;
  std::string key;  // shared by the group; at least kMinGroupKeyBytes, never logged
};

struct PeerIdentity {
  MemberId member;
  std::uint64_t incarnation = 0;
  std::uint64_t link_number = 0;  // at the listener
  std::vector<StoreId> stores;
  std::uint16_t version = kPageProtocolVersion;
};

struct HandshakeStep {
  std::optional<Message> send;           // before anything else
  std::optional<PeerIdentity> accepted;  // the link is up, after `send`
  std::optional<RefusalReason> fault;    // close, after `send`
  bool by_peer = false;                  // fault: the peer refused us
};

class DialerHandshake {
 public:
  DialerHandshake(const LinkIdentity& self, MemberId expected, std::uint64_t link_number, const Nonce& nonce);
  DialerHandshake(LinkIdentity&&, MemberId, std::uint64_t, const Nonce&) = delete;  // it is borrowed
  Message hello() const { return hello_; }
  HandshakeStep on_message(const Message& message);

 private:
  HandshakeStep on_challenge(const Challenge& challenge);
  HandshakeStep on_welcome(const Welcome& welcome);

  const LinkIdentity& self_;
  Hello hello_;
  std::optional<Challenge> challenge_;
};

class ListenerHandshake {
 public:
  ListenerHandshake(const LinkIdentity& self, const Nonce& nonce);
  ListenerHandshake(LinkIdentity&&, const Nonce&) = delete;
  HandshakeStep on_message(const Message& message);

 private:
  HandshakeStep on_hello(const Hello& hello);
  HandshakeStep on_proof(const Proof& proof);

  const LinkIdentity& self_;
  Challenge challenge_;
  std::optional<Hello> hello_;
};

HandshakeStep refuse(RefusalReason reason);
GroupDigest digest_of_group(const std::string& name);

}  // namespace shoal::routing
