#include "target/iscsi/authenticator.h"

#include <algorithm>

namespace shoal::iscsi {

bool Authenticator::owns(std::string_view key) {
  return key == key_row(KeyId::auth_method).name || key.starts_with("CHAP_");
}

std::optional<LoginStatus> Authenticator::on_keys(const TextKeys& keys, TextKeys& answers) {
  for (const auto& [key, value] : keys) {
    if (!owns(key) || is_reserved_answer(value)) continue;
    if (key != key_row(KeyId::auth_method).name) return LoginStatus::initiator_error;  // CHAP was not chosen
    const auto offered = split_list(value);
    // RFC 7143 12.1: no method in common ends the login.
    if (std::find(offered.begin(), offered.end(), "None") == offered.end()) return LoginStatus::authentication_failure;
    method_ = Method::none;
    answers.add(key, "None");
  }
  return std::nullopt;
}

}  // namespace shoal::iscsi
