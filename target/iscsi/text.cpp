#include "target/iscsi/text.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace shoal::iscsi {
namespace {

constexpr bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_key_character(char c) {  // 6.1: standard-label; '#' is in the X# names
  return is_letter(c) || is_digit(c) || std::string_view(".-+@_#").find(c) != std::string_view::npos;
}
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool has_long_value(std::string_view key) { return key == "CHAP_C" || key == "CHAP_R" || key == "CHAP_N"; }

std::optional<TextError> check_pair(std::string_view key, std::string_view value, const TextLimits& limits) {
  if (key.size() > limits.key_bytes) return TextError::key_too_long;
  if (key.empty() || !is_letter(key[0]) || !std::all_of(key.begin(), key.end(), is_key_character))
    return TextError::bad_key;
  if (value.size() > (has_long_value(key) ? limits.long_value_bytes : limits.value_bytes))
    return TextError::value_too_long;
  if (std::any_of(value.begin(), value.end(), is_control)) return TextError::bad_value;
  return std::nullopt;
}

std::optional<TextError> add_pair(std::string_view pair, const TextLimits& limits, TextKeys& keys) {
  const std::size_t separator = pair.find('=');
  if (separator == std::string_view::npos) return TextError::no_separator;
  const std::string_view key = pair.substr(0, separator), value = pair.substr(separator + 1);
  if (const auto error = check_pair(key, value, limits)) return error;
  if (keys.contains(key)) return TextError::duplicate_key;
  if (keys.size() == limits.keys) return TextError::too_many_keys;
  keys.add(key, value);
  return std::nullopt;
}

constexpr int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

}  // namespace

const char* to_string(TextError error) {
  switch (error) {
    case TextError::no_separator: return "a pair without '='";
    case TextError::bad_key: return "not a key name";
    case TextError::key_too_long: return "key too long";
    case TextError::value_too_long: return "value too long";
    case TextError::bad_value: return "control character in a value";
    case TextError::too_many_keys: return "too many keys";
    case TextError::duplicate_key: return "a key twice";
    case TextError::unterminated: return "the last pair is not terminated";
    case TextError::too_long: return "too much text";
  }
  return "?";
}

const std::string* TextKeys::find(std::string_view key) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const TextKey& each) { return each.key == key; });
  return found == keys_.end() ? nullptr : &found->value;
}

std::variant<TextKeys, TextError> parse_text(std::string_view text, const TextLimits& limits) {
  TextKeys keys;
  while (!text.empty()) {
    const std::size_t end = text.find('\0');
    if (end == std::string_view::npos) return TextError::unterminated;
    if (end != 0) {  // 6.1: at least one NUL ends a pair
      if (const auto error = add_pair(text.substr(0, end), limits, keys)) return *error;
    }
    text.remove_prefix(end + 1);
  }
  return keys;
}

std::string to_text(const TextKeys& keys) {
  std::string text;
  for (const auto& [key, value] : keys) {
    text += key;
    text += '=';
    text += value;
    text += '\0';
  }
  return text;
}

bool TextAssembly::add(std::string_view part) {
  if (part.size() > limit_bytes_ - text_.size()) return false;
  text_ += part;
  return true;
}

std::string TextAssembly::take() { return std::exchange(text_, {}); }

std::optional<std::uint64_t> parse_number(std::string_view value) {
  const bool hex = value.starts_with("0x") || value.starts_with("0X");
  if (hex) value.remove_prefix(2);
  const unsigned base = hex ? 16 : 10;
  std::uint64_t number = 0;
  if (value.empty()) return std::nullopt;
  for (const char c : value) {
    const auto digit = static_cast<unsigned>(digit_value(c));
    if (digit >= base || number > (std::numeric_limits<std::uint64_t>::max() - digit) / base) return std::nullopt;
    number = number * base + digit;
  }
  return number;
}

std::vector<std::string_view> split_list(std::string_view value) {
  std::vector<std::string_view> elements;
  while (true) {
    const std::size_t comma = value.find(',');
    elements.push_back(value.substr(0, comma));
    if (comma == std::string_view::npos) return elements;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace shoal::iscsi
