// What the JSON of several records has in common. Each throws json::exception where the text is not one that this
// version writes; the record's decoder turns that into "no such record".
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "routing/placement_words.h"
#include "target/base/ids.h"

namespace shoal::cluster {

template <class T>
T readable(const std::optional<T>& value, const char* what) {
  if (!value) throw nlohmann::json::other_error::create(501, what, nullptr);
  return *value;
}

inline StoreId store_of(const std::string& text) { return readable(StoreId::parse(text), "store id"); }
inline routing::StoreKind kind_of(const std::string& text) {
  return readable(routing::parse_store_kind(text), "kind of store");
}
inline routing::DurabilityPolicy durability_of(const std::string& text) {
  return readable(routing::parse_durability(text), "durability");
}
inline routing::PlacementRule rule_of(const std::string& text) {
  return readable(routing::parse_placement_rule(text), "placement rule");
}

}  // namespace shoal::cluster
