// What a disk says of itself: size, the limits of VPD B0, and its designator for EXTENDED COPY.
#pragma once

#include "test/model/block_commands.h"
#include "test/model/initiator.h"

namespace model {

struct DiskLimits {
  std::uint64_t blocks = 0;
  std::uint64_t transfer = 0, compare = 0, atomic = 0, write_same = 0, unmap_blocks = 0, unmap_extents = 0;
  std::uint64_t atomic_alignment = 1, atomic_granularity = 1;
  Bytes designator;  // NAA, as in VPD 83
};

DiskLimits read_limits(Initiator& session);

}  // namespace model
