// Logical unit numbers: the eight bytes of SAM-5 4.7, big-endian. A target has one unit.
#pragma once

#include <cstdint>

namespace shoal::scsi {

// LUN 0 in either of the forms that initiators use for small numbers (SAM-5 4.7.7.2, 4.7.7.3).
constexpr bool is_lun_0(std::uint64_t lun) {
  constexpr std::uint64_t kPeripheralDevice = 0;
  constexpr std::uint64_t kFlatSpace = std::uint64_t{1} << 62;
  return lun == kPeripheralDevice || lun == kFlatSpace;
}

}  // namespace shoal::scsi
