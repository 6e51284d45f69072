// Binary values in text (RFC 7143 6.1): "0x" and hexadecimal digits, or "0b" and base64 with its padding.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "target/base/bytes.h"

namespace shoal::iscsi {

// nullopt: neither of both, or longer than `limit` bytes. An odd number of hexadecimal digits has a 0 in front.
std::optional<std::vector<std::byte>> parse_binary(std::string_view value, std::size_t limit);
std::string to_hex_constant(ByteSpan bytes);

}  // namespace shoal::iscsi
