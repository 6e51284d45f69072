// Authenticator: the security stage's part of a login (RFC 7143 12). Chooses the AuthMethod and carries it through; the
// LoginNegotiator asks it before it leaves the stage. Method None stands here; CHAP becomes another state of it.
#pragma once

#include <optional>
#include <string_view>

#include "target/iscsi/keys.h"
#include "target/iscsi/pdu.h"
#include "target/iscsi/text.h"

namespace shoal::iscsi {

struct AuthenticationConfig {};  // who must authenticate, and how: comes with CHAP

class Authenticator {
 public:
  explicit Authenticator(const AuthenticationConfig&) {}

  // Is this key the authentication's own (AuthMethod, CHAP_*)?
  static bool owns(std::string_view key);
  // The keys of one request in the security stage; adds to `answers`. A status: the login is refused with it.
  std::optional<LoginStatus> on_keys(const TextKeys& keys, TextKeys& answers);
  // May the security stage be left, or skipped?
  bool satisfied() const { return true; }

 private:
  enum class Method { undecided, none } method_ = Method::undecided;
};

}  // namespace shoal::iscsi
