#include "cluster/load/session_name.h"

#include <fmt/format.h>

#include "target/base/parse_number.h"

namespace shoal::load {

std::string to_string(const SessionName& name) { return fmt::format("{}-{}", name.member, name.number); }

std::optional<SessionName> parse_session_name(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const auto member = parse_number<std::uint32_t>(text.substr(0, dash));
  const auto number = parse_number<std::uint64_t>(text.substr(dash + 1));
  if (!member || *member == 0 || !number) return std::nullopt;
  return SessionName{MemberId{*member}, *number};
}

}  // namespace shoal::load
