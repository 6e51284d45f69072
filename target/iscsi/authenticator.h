// Authenticator: the security stage's part of a login (RFC 7143 12.1), a pure machine. Chooses the AuthMethod and
// carries it through; the LoginNegotiator asks it before it leaves the stage.
//
//   AuthMethod=None                               where nobody has to authenticate
//   AuthMethod=CHAP  ->  CHAP_A  ->  CHAP_N and CHAP_R, and for mutual CHAP also CHAP_I and CHAP_C
//
// One request brings the keys of one step. A step that is out of place, repeated or not whole ends the login, as a
// wrong answer does; an unknown user and a wrong secret have the same answer after the same time. A host that does not
// ask for mutual CHAP is not made to. Secrets are kept until the login has been proven or refused, no longer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "target/base/chap_credentials.h"
#include "target/iscsi/chap.h"
#include "target/iscsi/keys.h"
#include "target/iscsi/pdu.h"
#include "target/iscsi/text.h"

namespace shoal::iscsi {

inline constexpr std::size_t kChapChallengeBytes = 32;       // of ours
inline constexpr std::size_t kMaxChapChallengeBytes = 1024;  // of theirs (RFC 7143 12.1.3)
inline constexpr std::size_t kMaxChapUserBytes = 255;

// What must be proven at this login, and with what it is asked. Identifier and challenge come from a source of random
// numbers that is fit for keys, and are of this login alone.
struct ChapDemand {
  ChapCredentials credentials;
  std::uint8_t identifier = 0;
  std::array<std::byte, kChapChallengeBytes> challenge{};
};

class Authenticator {
 public:
  struct Refusal {
    LoginStatus status;
    const char* why;  // for the log
  };

  // Before the first key. Where it is not called, nobody has to authenticate.
  void demand(ChapDemand demand);

  // Is this key the authentication's own (AuthMethod, CHAP_*)?
  static bool owns(std::string_view key);
  // The keys of one request in the security stage; adds to `answers`.
  std::optional<Refusal> on_keys(const TextKeys& keys, TextKeys& answers);
  // May the security stage be left, or skipped?
  bool satisfied() const { return !demand_; }

 private:
  enum class State { method, algorithm, response, settled };  // what comes next

  std::optional<Refusal> choose_method(const TextKeys& keys, TextKeys& answers);
  std::optional<Refusal> challenge(const TextKeys& keys, TextKeys& answers);
  std::optional<Refusal> verify(const TextKeys& keys, TextKeys& answers);
  std::optional<Refusal> prove_ourselves(const TextKeys& keys, TextKeys& answers) const;
  bool is_proven(std::string_view user, std::string_view response) const;

  State state_ = State::method;
  std::optional<ChapDemand> demand_;  // until it is met
  ChapAlgorithm algorithm_{};         // agreed in State::response
};

}  // namespace shoal::iscsi
