#include "target/iscsi/authenticator.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/iscsi/binary_value.h"

namespace shoal::iscsi {
namespace {

constexpr std::string_view kAuthMethod = key_row(KeyId::auth_method).name;
constexpr std::string_view kAlgorithm = "CHAP_A", kIdentifier = "CHAP_I", kChallenge = "CHAP_C", kName = "CHAP_N",
                           kResponse = "CHAP_R";
constexpr std::array kOwnKeys{kAuthMethod, kAlgorithm, kIdentifier, kChallenge, kName, kResponse};

using Refusal = Authenticator::Refusal;

Refusal malformed(const char* why) { return {LoginStatus::initiator_error, why}; }
Refusal failed(const char* why) { return {LoginStatus::authentication_failure, why}; }

const std::string* find(const TextKeys& keys, std::string_view key) {
  const std::string* value = keys.find(key);
  return value && !is_reserved_answer(*value) ? value : nullptr;
}

template <class Allowed>
bool says_only(const TextKeys& keys, const Allowed& allowed) {
  return std::all_of(kOwnKeys.begin(), kOwnKeys.end(), [&](std::string_view key) {
    return !find(keys, key) || std::find(std::begin(allowed), std::end(allowed), key) != std::end(allowed);
  });
}

bool offers(const std::string& list, std::string_view method) {
  const auto elements = split_list(list);
  return std::find(elements.begin(), elements.end(), method) != elements.end();
}

}  // namespace

void Authenticator::demand(ChapDemand demand) {
  CHECK(state_ == State::method, static_cast<int>(state_));
  demand_ = std::move(demand);
}

bool Authenticator::owns(std::string_view key) {
  return std::find(kOwnKeys.begin(), kOwnKeys.end(), key) != kOwnKeys.end();
}

std::optional<Refusal> Authenticator::on_keys(const TextKeys& keys, TextKeys& answers) {
  if (says_only(keys, std::array<std::string_view, 0>{})) return std::nullopt;
  switch (state_) {
    case State::method: return choose_method(keys, answers);
    case State::algorithm: return challenge(keys, answers);
    case State::response: return verify(keys, answers);
    case State::settled: break;
  }
  return malformed("an authentication key after the end of authentication");
}

// 12.1: no method in common ends the login.
std::optional<Refusal> Authenticator::choose_method(const TextKeys& keys, TextKeys& answers) {
  if (!says_only(keys, std::array{kAuthMethod})) return malformed("a CHAP key before CHAP was chosen");
  const std::string_view method = demand_ ? "CHAP" : "None";
  if (!offers(*find(keys, kAuthMethod), method)) {
    return failed(demand_ ? "CHAP is required and not offered"
                          : "None is not offered, and nothing else is set up here");
  }
  state_ = demand_ ? State::algorithm : State::settled;
  answers.add(kAuthMethod, method);
  return std::nullopt;
}

std::optional<Refusal> Authenticator::challenge(const TextKeys& keys, TextKeys& answers) {
  if (!says_only(keys, std::array{kAlgorithm})) return malformed("a CHAP key before CHAP_A");
  const auto algorithm = choose_algorithm(*find(keys, kAlgorithm));
  if (!algorithm) return failed("no CHAP algorithm in common");
  algorithm_ = *algorithm;
  state_ = State::response;
  answers.add(kAlgorithm, std::to_string(static_cast<unsigned>(algorithm_)));
  answers.add(kIdentifier, std::to_string(demand_->identifier));
  answers.add(kChallenge, to_hex_constant(demand_->challenge));
  return std::nullopt;
}

std::optional<Refusal> Authenticator::verify(const TextKeys& keys, TextKeys& answers) {
  if (!says_only(keys, std::array{kName, kResponse, kIdentifier, kChallenge})) return malformed("a CHAP key twice");
  const std::string* user = find(keys, kName);
  const std::string* response = find(keys, kResponse);
  if (!user || !response) return failed("CHAP_N or CHAP_R is missing");
  if (user->size() > kMaxChapUserBytes) return failed("CHAP_N is too long");
  if (!is_proven(*user, *response)) return failed("wrong user or secret");
  if (find(keys, kIdentifier) || find(keys, kChallenge)) {
    if (const auto refusal = prove_ourselves(keys, answers)) return refusal;
  }
  state_ = State::settled;
  demand_.reset();
  return std::nullopt;
}

// Both are compared whatever comes of the first, so that nobody learns by time which of them was wrong.
bool Authenticator::is_proven(std::string_view user, std::string_view response) const {
  const ChapAccount& account = demand_->credentials.initiator;
  const ChapResponse right(algorithm_, demand_->identifier, account.secret, demand_->challenge);
  const auto given = parse_binary(response, kLongestChapResponse);
  const bool right_user = equal_in_constant_time(as_bytes(user), as_bytes(account.user));
  const bool right_response = given && equal_in_constant_time(*given, right.bytes());
  return right_user && right_response;
}

// Mutual CHAP. Whoever could have our own challenge, or the initiator's own secret, answered for him would need to know
// nothing: 12.1.3 and 9.2.1 forbid both.
std::optional<Refusal> Authenticator::prove_ourselves(const TextKeys& keys, TextKeys& answers) const {
  const ChapCredentials& credentials = demand_->credentials;
  if (!credentials.target) return failed("mutual CHAP is asked for and not set up here");
  if (equal_in_constant_time(credentials.target->secret.bytes(), credentials.initiator.secret.bytes())) {
    return failed("the secrets of both directions are equal");
  }
  const std::string* identifier = find(keys, kIdentifier);
  const std::string* challenge = find(keys, kChallenge);
  if (!identifier || !challenge) return failed("CHAP_I or CHAP_C is missing");
  const auto octet = parse_number(*identifier);
  if (!octet || *octet > 0xff) return failed("CHAP_I is not an octet");
  const auto bytes = parse_binary(*challenge, kMaxChapChallengeBytes);
  if (!bytes) return failed("CHAP_C is not a binary value of at most 1024 bytes");
  if (equal_in_constant_time(*bytes, demand_->challenge)) return failed("our own challenge came back");
  const ChapResponse response(algorithm_, static_cast<std::uint8_t>(*octet), credentials.target->secret, *bytes);
  answers.add(kName, credentials.target->user);
  answers.add(kResponse, to_hex_constant(response.bytes()));
  return std::nullopt;
}

}  // namespace shoal::iscsi
