#include "tools/node/memory_budget.h"

#include <algorithm>

namespace shoal {
namespace {

std::uint64_t what_is_left(std::uint64_t bytes, std::uint64_t taken) { return bytes - std::min(bytes, taken); }

}  // namespace

NodeLimits fit_to_memory(const NodeLimits& limits, std::uint64_t memory_bytes) {
  const std::uint64_t room = what_is_left(memory_bytes, kReservedMemoryBytes);
  NodeLimits fitting = limits;
  fitting.held_read_bytes = std::min<std::uint64_t>(limits.held_read_bytes, std::max(room / 3, kLeastHeldReadBytes));
  fitting.held_write_bytes = std::min<std::uint64_t>(limits.held_write_bytes, std::max(room / 4, kLeastHeldWriteBytes));
  fitting.store_cache_bytes = std::min(limits.store_cache_bytes, std::max(room / 8, kLeastStoreCacheBytes));
  const std::uint64_t store =
      what_is_left(room, fitting.held_read_bytes + fitting.held_write_bytes + fitting.store_cache_bytes) / 4 * 3;
  fitting.memory_store_bytes =
      std::min(limits.memory_store_bytes.value_or(memory_bytes / 2), std::max(store, kLeastMemoryStoreBytes));
  return fitting;
}

}  // namespace shoal
