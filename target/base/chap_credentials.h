// ChapCredentials: what CHAP is about at one login (RFC 7143 12.1.3): as whom the initiator proves itself, and as whom
// this target does where the initiator asks for that. Values that a port gives and the login machine uses.
#pragma once

#include <optional>
#include <string>

#include "target/base/secret.h"

namespace shoal {

inline constexpr std::size_t kAdvisedSecretBytes = 12;  // RFC 7143 9.2.1: 96 bits; shorter ones work, with a warning

struct ChapAccount {
  std::string user;
  Secret secret;
};

struct ChapCredentials {
  ChapAccount initiator;
  std::optional<ChapAccount> target;  // mutual CHAP; its secret differs from the initiator's
};

}  // namespace shoal
