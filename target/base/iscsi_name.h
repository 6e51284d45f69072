// Names of iSCSI nodes (RFC 7143 4.2.7), as they are kept and compared everywhere: by their normal form.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace shoal {

inline constexpr std::size_t kMaxNameBytes = 223;

// RFC 3722 for the characters that names consist of in practice: lower case ASCII.
inline std::string normalised_name(std::string_view name) {
  std::string normal(name);
  std::ranges::transform(normal, normal.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return normal;
}

}  // namespace shoal
