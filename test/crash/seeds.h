// Seeds for what is drawn in one part of a run, from the seed of the run and the names of the part.
#pragma once

#include <cstdint>
#include <string_view>

#include "target/base/crc32c.h"
#include "target/base/random.h"

namespace shoal::crash {

inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return SeededRandom(a ^ (b * 0x9e3779b97f4a7c15u)).next();
}
inline std::uint64_t mix(std::uint64_t a, std::string_view name) { return mix(a, crc32c(as_bytes(name))); }

}  // namespace shoal::crash
