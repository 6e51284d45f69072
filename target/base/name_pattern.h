// Patterns of initiator names, as operators write them: '*' stands for any characters, '?' for one. Both pattern and
// name are normal forms (iscsi_name.h).
#pragma once

#include <string>
#include <string_view>

#include "target/base/iscsi_name.h"

namespace shoal {

inline constexpr std::size_t kMaxNamePatternBytes = kMaxNameBytes;

bool matches(std::string_view pattern, std::string_view name);

// Not one that has characters that no initiator name has: it would never match.
bool is_name_pattern(std::string_view text);
// That text is none: for people.
std::string no_name_pattern(std::string_view text);

}  // namespace shoal
