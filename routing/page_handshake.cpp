#include "routing/page_handshake.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "routing/page_message_codec.h"
#include "target/base/check.h"

namespace shoal::routing {
namespace {

void append_frame(std::vector<std::byte>& transcript, const Message& message) {
  PageOutbox outbox;
  outbox.put(message);
  const Slice frame = flatten(outbox.take());
  transcript.insert(transcript.end(), frame.bytes().begin(), frame.bytes().end());
}

// Over the role and everything that was said before: both ids, both incarnations, both nonces, the version.
Mac mac_of(const LinkIdentity& self, std::string_view role, const Hello& hello, const Challenge& challenge) {
  std::vector<std::byte> transcript(as_bytes(role).begin(), as_bytes(role).end());
  append_frame(transcript, hello);
  append_frame(transcript, challenge);
  Mac mac{};
  unsigned length = 0;
  const unsigned char* done = HMAC(EVP_sha256(), self.key.data(), static_cast<int>(self.key.size()),
                                   reinterpret_cast<const unsigned char*>(transcript.data()), transcript.size(),
                                   reinterpret_cast<unsigned char*>(mac.data()), &length);
  CHECK(done && length == mac.size(), length);
  return mac;
}

constexpr std::string_view kDialer = "shoal page link: dialer";
constexpr std::string_view kListener = "shoal page link: listener";

bool equal_in_constant_time(const Mac& a, const Mac& b) { return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

HandshakeStep refused_by_peer(RefusalReason reason) { return {.fault = reason, .by_peer = true}; }

}  // namespace

HandshakeStep refuse(RefusalReason reason) { return {.send = Refusal{reason}, .fault = reason}; }

GroupDigest digest_of_group(const std::string& name) {
  GroupDigest digest{};
  unsigned length = 0;
  const int done = EVP_Digest(name.data(), name.size(), reinterpret_cast<unsigned char*>(digest.data()), &length,
                              EVP_sha256(), nullptr);
  CHECK(done == 1 && length == digest.size(), length);
  return digest;
}

// ---- dialer -----------------------------------------------------------------------------------------------------

DialerHandshake::DialerHandshake(const LinkIdentity& self, MemberId expected, std::uint64_t link_number,
                                 const Nonce& nonce)
    : self_(self),
      hello_{.group = digest_of_group(self.group),
             .from = self.member,
             .to = expected,
             .incarnation = self.incarnation,
             .link_number = link_number,
             .nonce = nonce,
             .stores = self.stores} {}

HandshakeStep DialerHandshake::on_message(const Message& message) {
  if (const auto* refusal = std::get_if<Refusal>(&message)) return refused_by_peer(refusal->reason);
  if (const auto* challenge = std::get_if<Challenge>(&message); challenge && !challenge_)
    return on_challenge(*challenge);
  if (const auto* welcome = std::get_if<Welcome>(&message); welcome && challenge_) return on_welcome(*welcome);
  return refuse(RefusalReason::malformed);
}

HandshakeStep DialerHandshake::on_challenge(const Challenge& challenge) {
  if (challenge.version < hello_.lowest_version || challenge.version > hello_.highest_version) {
    return refuse(RefusalReason::version);
  }
  if (challenge.from != hello_.to) return refuse(RefusalReason::member);
  challenge_ = challenge;
  return {.send = Proof{mac_of(self_, kDialer, hello_, challenge)}};
}

HandshakeStep DialerHandshake::on_welcome(const Welcome& welcome) {
  if (!equal_in_constant_time(welcome.mac, mac_of(self_, kListener, hello_, *challenge_)))
    return refuse(RefusalReason::key);
  return {.accepted = PeerIdentity{.member = challenge_->from,
                                   .incarnation = challenge_->incarnation,
                                   .link_number = hello_.link_number,
                                   .stores = challenge_->stores,
                                   .version = challenge_->version}};
}

// ---- listener ---------------------------------------------------------------------------------------------------

ListenerHandshake::ListenerHandshake(const LinkIdentity& self, const Nonce& nonce)
    : self_(self),
      challenge_{.from = self.member, .incarnation = self.incarnation, .nonce = nonce, .stores = self.stores} {}

HandshakeStep ListenerHandshake::on_message(const Message& message) {
  if (const auto* refusal = std::get_if<Refusal>(&message)) return refused_by_peer(refusal->reason);
  if (const auto* hello = std::get_if<Hello>(&message); hello && !hello_) return on_hello(*hello);
  if (const auto* proof = std::get_if<Proof>(&message); proof && hello_) return on_proof(*proof);
  return refuse(RefusalReason::malformed);
}

HandshakeStep ListenerHandshake::on_hello(const Hello& hello) {
  if (hello.lowest_version > kPageProtocolVersion || hello.highest_version < kPageProtocolVersion) {
    return refuse(RefusalReason::version);
  }
  if (hello.group != digest_of_group(self_.group)) return refuse(RefusalReason::group);
  if (hello.to != self_.member || hello.from == self_.member || hello.from == MemberId{})
    return refuse(RefusalReason::member);
  hello_ = hello;
  return {.send = challenge_};
}

HandshakeStep ListenerHandshake::on_proof(const Proof& proof) {
  if (!equal_in_constant_time(proof.mac, mac_of(self_, kDialer, *hello_, challenge_)))
    return refuse(RefusalReason::key);
  return {.send = Welcome{mac_of(self_, kListener, *hello_, challenge_)},
          .accepted = PeerIdentity{.member = hello_->from,
                                   .incarnation = hello_->incarnation,
                                   .link_number = hello_->link_number,
                                   .stores = hello_->stores,
                                   .version = challenge_.version}};
}

const char* to_string(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::malformed: return "not a handshake of the page protocol";
    case RefusalReason::version: return "no common version of the page protocol";
    case RefusalReason::group: return "another group";
    case RefusalReason::key: return "wrong group key";
    case RefusalReason::member: return "not the member that was meant";
    case RefusalReason::stale_link: return "a newer link is known";
  }
  return "unknown";
}

}  // namespace shoal::routing
