// What the machine gives this process.
#pragma once

#include <cstdint>

namespace shoal {

std::uint64_t raise_descriptor_limit();  // to the hard one, which it yields
std::uint64_t memory_bytes();            // of the machine
// Less memory than the machine has where the control group, one above it, or the limit of addresses says so.
struct ProcessLimits {
  std::uint64_t memory_bytes = 0;
};
ProcessLimits process_limits();

}  // namespace shoal
