// Pins: what an operator says about where logins go. The first pin that matches a login is the one that counts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "target/base/ids.h"

namespace shoal::load {

struct Pin {
  std::string initiator;          // pattern (name_pattern.h); empty: of every name
  std::optional<ImageId> volume;  // none: every volume
  MemberId member;
  bool operator==(const Pin&) const = default;
};
inline constexpr std::size_t kMaxPins = 1024;

std::optional<MemberId> pinned_to(const std::vector<Pin>& pins, const std::string& initiator_name, ImageId volume);

}  // namespace shoal::load
