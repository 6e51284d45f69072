// parse_number: a text that is one number from beginning to end, as people and records write it. No sign, no blank.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace shoal {

// nullopt: it is something else, or does not fit.
template <std::unsigned_integral Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc{} && stopped == end ? std::optional(number) : std::nullopt;
}

}  // namespace shoal
