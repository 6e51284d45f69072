// Base64 as etcd's gateway uses it for keys and values (RFC 4648, with padding).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoal::cluster {

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace shoal::cluster
