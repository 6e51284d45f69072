#include "target/base/name_pattern.h"

#include <fmt/format.h>

#include <algorithm>

#include "target/base/log.h"

namespace shoal {
namespace {

bool is_plain(char c) { return c > ' ' && c < 0x7f; }

}  // namespace

// Each '*' is first taken as short as possible; when the rest does not match, the latest of them takes one character
// more.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t at = 0, next = 0;
  std::size_t after_star = std::string_view::npos, retry = 0;
  while (next < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      after_star = ++at;
      retry = next;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[next])) {
      ++at, ++next;
    } else if (after_star != std::string_view::npos) {
      at = after_star;
      next = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool is_name_pattern(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNamePatternBytes && std::ranges::all_of(text, is_plain) &&
         text.find_first_of(",/\\\"'=") == std::string_view::npos && normalised_name(text) == text;
}

std::string no_name_pattern(std::string_view text) {
  return fmt::format(
      "{} is no initiator name: 1 to {} printable characters without blanks; '*' and '?' stand for others",
      quoted(text.substr(0, kMaxNamePatternBytes + 1)), kMaxNamePatternBytes);
}

}  // namespace shoal
