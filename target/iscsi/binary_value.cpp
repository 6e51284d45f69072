#include "target/iscsi/binary_value.h"

#include <openssl/evp.h>

#include <algorithm>

namespace shoal::iscsi {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::string_view kBase64Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr unsigned kNoDigit = 16;
constexpr unsigned hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return kNoDigit;
}

std::optional<Bytes> parse_hex(std::string_view digits, std::size_t limit) {
  if (digits.empty() || (digits.size() + 1) / 2 > limit) return std::nullopt;
  Bytes bytes((digits.size() + 1) / 2);
  std::size_t half = digits.size() % 2;  // digits of the first byte that are left out
  for (const char c : digits) {
    const unsigned digit = hex_digit(c);
    if (digit == kNoDigit) return std::nullopt;
    bytes[half / 2] = bytes[half / 2] << 4 | static_cast<std::byte>(digit);
    ++half;
  }
  return bytes;
}

// The library skips blanks and takes any padding: what is not plain base64 is kept from it.
std::optional<Bytes> parse_base64(std::string_view text, std::size_t limit) {
  if (text.empty() || text.size() % 4 != 0 || text.size() / 4 > (limit + 2) / 3) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::string_view characters = text.substr(0, text.size() - padding);
  if (characters.find_first_not_of(kBase64Characters) != std::string_view::npos) return std::nullopt;
  Bytes bytes(text.size() / 4 * 3);
  const int count =
      ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (count != static_cast<int>(bytes.size())) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes.size() <= limit ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace

std::optional<Bytes> parse_binary(std::string_view value, std::size_t limit) {
  const std::string_view prefix = value.substr(0, 2), rest = value.substr(std::min<std::size_t>(2, value.size()));
  if (prefix == "0x" || prefix == "0X") return parse_hex(rest, limit);
  if (prefix == "0b" || prefix == "0B") return parse_base64(rest, limit);
  return std::nullopt;
}

std::string to_hex_constant(ByteSpan bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte >> 4)];
    text += kDigits[std::to_integer<unsigned>(byte & std::byte{0xf})];
  }
  return text;
}

}  // namespace shoal::iscsi
