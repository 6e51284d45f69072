// LoginNegotiator: the target's side of one login (RFC 7143 6.3, 11.12, 11.13, 12, 13), a pure machine. Login requests and
// their text go in, a step comes out; where the answer is not the protocol's to know, the step asks and on_answer() goes on.
//
// The caller: gives each Login Request whole (text as one string); while an Ask is open gives no request; after Redirect,
// Refuse and Finish gives nothing more. It fills in the numbering, sends what response_to() makes of a step, and keeps the
// time limit of a login. Requests and text are bounded in number and size here. PDUs other than Login Requests are
// answered by the caller (invalid_during_login).
//
// What must be authenticated comes with the answer to the first question (authenticator.h); a redirect is told before
// that, or after it where the answer says so.
//
// Left out: several connections, ErrorRecoveryLevel above 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "target/iscsi/authenticator.h"
#include "target/iscsi/keys.h"
#include "target/iscsi/pdu.h"
#include "target/iscsi/text.h"

namespace shoal::iscsi {

inline constexpr unsigned kMaxLoginRequests = 32;                // of one login
inline constexpr std::size_t kMaxLoginTextBytes = 64 * 1024;     // of one login, all requests together
inline constexpr std::uint16_t kDiscoveryTsih = 0xffff;          // discovery sessions have no nexus to number

// What this target would have, by key; the defaults are what a server uses. Only what the initiator offers is negotiated:
// of a key that it does not mention the RFC's default holds, even where this asks for less.
struct LoginConfig {
  std::string target_alias;                           // empty: not declared
  std::uint32_t max_recv_data_segment_bytes = 262144;  // declared
  std::uint32_t max_burst_bytes = 16776192;
  std::uint32_t first_burst_bytes = 262144;
  bool initial_r2t = false;
  bool immediate_data = true;
  std::uint16_t max_outstanding_r2t = 8;
  std::uint16_t default_time2wait = 0;
  std::uint16_t default_time2retain = 0;               // level 0: no state is kept
};

// Agreed values, in force from the final response on.
struct SessionParameters {
  bool discovery = false;
  std::string initiator_name;    // lower case
  std::string initiator_alias;
  std::string target_name;       // lower case; empty in discovery
  std::uint64_t isid = 0;
  std::uint16_t tsih = 0;
  std::uint16_t cid = 0;
  std::uint16_t portal_group_tag = 0;

  bool header_digest = false;
  bool data_digest = false;
  std::uint32_t max_recv_data_segment_bytes = 8192;  // what may be sent to us
  std::uint32_t max_send_data_segment_bytes = 8192;  // what may be sent to the initiator
  std::uint32_t max_burst_bytes = 262144;
  std::uint32_t first_burst_bytes = 65536;           // never above max_burst_bytes
  bool initial_r2t = true;
  bool immediate_data = true;
  std::uint16_t max_outstanding_r2t = 1;
  std::uint16_t default_time2wait = 2;
  std::uint16_t default_time2retain = 20;
  std::uint8_t protocol_level = 1;
  bool operator==(const SessionParameters&) const = default;
};

// ---- questions and answers

struct LoginQuestion {
  enum class Kind {
    place,  // where is this login served? before anything else. Answered by Serve, Redirected or Refused
    claim,  // the nexus is this session's? before the final response; not in discovery. Answered by Claimed or Refused
  } kind = Kind::place;
  bool discovery = false;
  std::string initiator_name;
  std::string target_name;
  std::uint64_t isid = 0;
  std::uint16_t tsih = 0;  // as the initiator gave it
  std::uint16_t cid = 0;
  bool operator==(const LoginQuestion&) const = default;
};

struct Redirected {
  std::string address;     // host:port, IPv6 in brackets, without tag (13.8)
  bool permanently = false;
};
struct Serve {
  std::uint16_t portal_group_tag = 1;
  std::optional<ChapDemand> chap;  // to be met in the security stage; nullopt: nobody has to authenticate
  std::optional<Redirected> then;  // once authentication is over: the address is not for strangers. Not in discovery
};
struct Claimed {
  std::uint16_t tsih = 1;  // never 0
};
struct Refused {
  LoginStatus status = LoginStatus::service_unavailable;
};
using LoginAnswer = std::variant<Serve, Redirected, Claimed, Refused>;

// ---- steps

struct Reply {
  Stage current = Stage::security, next = Stage::security;
  bool transit = false;
  TextKeys keys;
};
struct Redirect {
  std::string address;
  LoginStatus status = LoginStatus::moved_temporarily;
};
struct Refuse {
  LoginStatus status = LoginStatus::initiator_error;
  std::string why;  // for the log
};
struct Ask {
  LoginQuestion question;
};
struct Finish {
  Reply last;
  SessionParameters agreed;
};
using LoginStep = std::variant<Reply, Redirect, Refuse, Ask, Finish>;

class LoginNegotiator {
 public:
  explicit LoginNegotiator(LoginConfig config);

  LoginStep on_request(const LoginRequest& request, std::string_view text);
  LoginStep on_answer(const LoginAnswer& answer);  // to the open Ask

  // Names as far as they are known, for the log.
  const std::string& initiator_name() const { return agreed_.initiator_name; }
  const std::string& target_name() const { return agreed_.target_name; }

 private:
  enum class State { first_request, placing, negotiating, claiming, done };

  std::optional<Refuse> check_header(const LoginRequest& request) const;
  std::optional<Refuse> check_follows(const LoginRequest& request) const;
  LoginStep on_keys(const TextKeys& keys);
  std::optional<Refuse> check_places(const TextKeys& keys);
  std::optional<Refuse> check_place(const KeyRow& row) const;
  bool says_again(const KeyRow& row, const std::string& value) const;
  std::optional<Refuse> read_identity(const TextKeys& keys);

  LoginStep on_placed(const LoginAnswer& answer);
  LoginStep redirect(const Redirected& elsewhere);
  LoginStep on_claimed(const LoginAnswer& answer);

  LoginStep negotiate(const TextKeys& keys);
  void declare_first(TextKeys& answers);
  void declare_operational(TextKeys& answers);
  std::optional<Refuse> operational_keys(const TextKeys& keys, TextKeys& answers);
  std::optional<Refuse> declared_key(const KeyRow& row, const std::string& value);
  std::string answer_to(const KeyRow& row, const std::string& offered);
  std::string answer_to_list(const KeyRow& row, const std::string& offered);
  std::string answer_to_number(const KeyRow& row, const std::string& offered);
  std::string answer_to_boolean(const KeyRow& row, const std::string& offered);
  std::uint32_t own_number(KeyId id) const;
  bool own_boolean(KeyId id) const;
  void agree(KeyId id, std::uint32_t value);

  LoginStep reply(TextKeys answers);
  LoginStep finish(std::uint16_t tsih);
  LoginStep refuse(LoginStatus status, std::string why);
  LoginStep refuse(const Refuse& refusal) { return refuse(refusal.status, refusal.why); }
  LoginStep ask(LoginQuestion::Kind kind);

  LoginConfig config_;
  Authenticator authenticator_;
  std::optional<Redirected> then_;  // after the security stage
  SessionParameters agreed_;
  State state_ = State::first_request;
  Stage stage_ = Stage::security;
  LoginRequest first_, latest_;
  TextAssembly assembly_{kMaxLoginTextBytes};
  std::size_t text_bytes_ = 0;
  unsigned requests_ = 0;
  std::uint64_t said_ = 0;          // keys of the table that the initiator has said: bit KeyId
  TextKeys pending_;                // of the request that waits for an answer
  Reply final_;                     // waits for the claim
  bool declared_first_ = false, declared_operational_ = false;
};

// The PDU and its text for a step (not for Ask). `numbering` counts with status class 0 only.
struct LoginResponseText {
  LoginResponse pdu;
  std::string text;
};
LoginResponseText response_to(const LoginRequest& request, const LoginStep& step, const Numbering& numbering);
// The same for a refusal that is the caller's: time limit, a foreign PDU.
LoginResponse refusal_of(const LoginRequest& request, LoginStatus status, const Numbering& numbering);

}  // namespace shoal::iscsi
