// UnitAttention: what a nexus is told of its unit at its next command (SAM-5 5.14). Those that Shoal raises have names
// in target/unit/attentions.h.
#pragma once

#include <cstdint>

namespace shoal {

struct UnitAttention {
  std::uint8_t asc = 0, ascq = 0;
  bool operator==(const UnitAttention&) const = default;
};

}  // namespace shoal
