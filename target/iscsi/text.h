// Text of login and text PDUs (RFC 7143 6.1): key=value pairs, each ended by NUL. Parsing, limits, assembly over PDUs with
// the C bit. What keys mean is keys.h's and login.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "target/base/bytes.h"

namespace shoal::iscsi {

struct TextKey {
  std::string key, value;
  bool operator==(const TextKey&) const = default;
};

// In the order in which they came or are to be sent.
class TextKeys {
 public:
  TextKeys() = default;
  TextKeys(std::initializer_list<TextKey> keys) : keys_(keys) {}

  void add(std::string_view key, std::string_view value) { keys_.push_back({std::string(key), std::string(value)}); }
  const std::string* find(std::string_view key) const;  // the first; null: not there
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  bool empty() const { return keys_.empty(); }
  std::size_t size() const { return keys_.size(); }
  auto begin() const { return keys_.begin(); }
  auto end() const { return keys_.end(); }
  bool operator==(const TextKeys&) const = default;

 private:
  std::vector<TextKey> keys_;
};

struct TextLimits {
  std::size_t key_bytes = 63;           // 6.1
  std::size_t value_bytes = 255;        // 6.1, unless the key says otherwise:
  std::size_t long_value_bytes = 4096;  // CHAP_C and CHAP_R are binary values of up to 1024 bytes (12.1.3), in hex
  std::size_t keys = 64;                // an answer to each still fits in one login PDU
};

enum class TextError {
  no_separator,    // a pair without '='
  bad_key,         // empty, or not of the standard's characters
  key_too_long,
  value_too_long,
  bad_value,       // control characters
  too_many_keys,
  duplicate_key,
  unterminated,    // the last pair has no NUL
  too_long,        // more text than the limit of an assembly
};
const char* to_string(TextError error);

std::variant<TextKeys, TextError> parse_text(std::string_view text, const TextLimits& limits = {});
std::string to_text(const TextKeys& keys);

// Text that arrives over several PDUs (C bit: a pair may be split anywhere).
class TextAssembly {
 public:
  explicit TextAssembly(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  // false: beyond the limit; nothing was kept.
  bool add(std::string_view part);
  std::string take();
  bool empty() const { return text_.empty(); }
  std::size_t size() const { return text_.size(); }

 private:
  std::size_t limit_bytes_;
  std::string text_;
};

// 6.1: a decimal or 0x hexadecimal constant. nullopt: no such constant, or above 2^64 - 1.
std::optional<std::uint64_t> parse_number(std::string_view value);
// 6.1: the elements of a comma-separated list.
std::vector<std::string_view> split_list(std::string_view value);
// The words that answer instead of a value (6.2).
inline constexpr std::string_view kReject = "Reject";
inline constexpr std::string_view kIrrelevant = "Irrelevant";
inline constexpr std::string_view kNotUnderstood = "NotUnderstood";
inline bool is_reserved_answer(std::string_view value) {
  return value == kReject || value == kIrrelevant || value == kNotUnderstood;
}

}  // namespace shoal::iscsi
