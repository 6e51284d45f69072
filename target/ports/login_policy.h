// LoginPolicy: where a login is served, and what it must prove there. Asked once per login, when names are known, before
// anything has been proven.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "target/base/chap_credentials.h"
#include "target/base/completion.h"
#include "target/base/endpoint.h"
#include "target/ports/session_registry.h"

namespace shoal {

struct LoginQuery {
  bool discovery = false;
  std::string initiator_name;
  std::string target_name;   // empty in discovery
  std::uint64_t isid = 0;
  std::uint16_t tsih = 0;
  Endpoint local;            // address that the initiator connected to: a group portal or a member portal
  Endpoint peer;
};

struct ServeHere {
  std::optional<ChapCredentials> chap;        // nullopt: nobody has to authenticate
};
struct RedirectTo {          // 0101; address without tag (RFC 7143 13.8)
  Endpoint address;
  std::optional<ChapCredentials> after_chap;  // the address is told only to who has proven this; nullopt: to anybody
};
struct Unavailable {         // 0301: try again
};
enum class LoginRefusal { not_found, not_authorised, removed, out_of_resources };
struct RefuseLogin {
  LoginRefusal why = LoginRefusal::not_found;
};

struct LoginDecision {
  std::variant<ServeHere, RedirectTo, Unavailable, RefuseLogin> what;
  std::string reason;        // for the log
};

class LoginPolicy {
 public:
  virtual ~LoginPolicy() = default;
  virtual void decide(const LoginQuery& query, Completion<LoginDecision> done) = 0;
};

}  // namespace shoal
