// What a member does with the memory that its process may have: budgets that hosts can fill are lowered to what fits,
// so that a host is told "full" or waits where the process would end for want of memory. Pure.
#pragma once

#include <cstdint>

#include "tools/node/config.h"

namespace shoal {

inline constexpr std::uint64_t kReservedMemoryBytes = 96u << 20;  // the process itself, strangers, connections
inline constexpr std::uint64_t kLeastHeldReadBytes = 96u << 20;   // three of the longest reads
inline constexpr std::uint64_t kLeastHeldWriteBytes = 64u << 20;  // a session alone comes to half of it
inline constexpr std::uint64_t kLeastMemoryStoreBytes = 1u << 20;
inline constexpr std::uint64_t kLeastStoreCacheBytes = 8u << 20;

// Of what the reserve leaves reads get a third, write data on their way a quarter, metadata of the store an eighth,
// volumes in memory three quarters of the rest; a store whose limit is not configured gets half of all at most. Always
// sets memory_store_bytes.
NodeLimits fit_to_memory(const NodeLimits& limits, std::uint64_t memory_bytes);

}  // namespace shoal
