// What the JSON of load's values has in common where it is read. Each throws json::exception where the text is not one
// that this version writes; whoever decodes turns that into "not ours".
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

namespace shoal::load {

[[noreturn]] inline void not_ours(const char* what) { throw nlohmann::json::other_error::create(501, what, nullptr); }

inline const nlohmann::json& limited(const nlohmann::json& list, std::size_t limit) {
  if (!list.is_array() || list.size() > limit) not_ours("a list is too long, or none");
  return list;
}

}  // namespace shoal::load
