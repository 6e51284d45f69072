// What the machine gives this process.
#pragma once

#include <cstdint>

namespace shoal {

std::uint64_t raise_descriptor_limit();  // to the hard one, which it yields
std::uint64_t memory_bytes();

}  // namespace shoal
