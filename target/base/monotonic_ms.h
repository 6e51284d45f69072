// For logs: a time in milliseconds. Processes of one machine have the same monotonic clock.
#pragma once

#include <cstdint>

#include "target/base/time.h"

namespace shoal {

constexpr std::int64_t monotonic_ms(Time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace shoal
