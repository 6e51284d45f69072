// SessionName: a session of the group, for people: "2-17" is the seventeenth session of member 2 since that began.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "target/base/ids.h"

namespace shoal::load {

struct SessionName {
  MemberId member;
  std::uint64_t number = 0;
  auto operator<=>(const SessionName&) const = default;
};
std::string to_string(const SessionName& name);
std::optional<SessionName> parse_session_name(std::string_view text);

}  // namespace shoal::load
