// Zeros to read where nothing was ever written: shared, never allocated.
#pragma once

#include "target/base/slice.h"

namespace shoal::routing {

inline constexpr std::size_t kZeroSliceBytes = 1024 * 1024;

void append_zeros(Slices& slices, std::size_t length);

}  // namespace shoal::routing
