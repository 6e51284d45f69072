// The words for kinds of store, durability and rules of placement, in records, on the control port and for people.
#pragma once

#include <optional>
#include <string_view>

#include "routing/page.h"

namespace shoal::routing {

constexpr const char* to_string(StoreKind kind) { return kind == StoreKind::file ? "file" : "memory"; }
constexpr const char* to_string(DurabilityPolicy policy) {
  switch (policy) {
    case DurabilityPolicy::sync: return "sync";
    case DurabilityPolicy::writeback: return "writeback";
    case DurabilityPolicy::memory: return "memory";
  }
  return "unknown";
}
constexpr const char* to_string(PlacementRule rule) {
  return rule == PlacementRule::striped ? "striped" : "contiguous";
}

constexpr std::optional<StoreKind> parse_store_kind(std::string_view word) {
  if (word == "file") return StoreKind::file;
  if (word == "memory") return StoreKind::memory;
  return std::nullopt;
}
constexpr std::optional<DurabilityPolicy> parse_durability(std::string_view word) {
  for (const auto policy : {DurabilityPolicy::sync, DurabilityPolicy::writeback, DurabilityPolicy::memory}) {
    if (word == to_string(policy)) return policy;
  }
  return std::nullopt;
}
constexpr std::optional<PlacementRule> parse_placement_rule(std::string_view word) {
  if (word == "striped") return PlacementRule::striped;
  if (word == "contiguous") return PlacementRule::contiguous;
  return std::nullopt;
}

}  // namespace shoal::routing
