// Sense data for what goes wrong in iSCSI before SCSI sees a command (RFC 7143 11.4.7.2), in fixed format
// (SPC-4 4.5.3).
#pragma once

#include <array>
#include <cstddef>

#include "target/iscsi/transfer.h"

namespace shoal::iscsi {

inline constexpr std::uint8_t kGood = 0x00;
inline constexpr std::uint8_t kCheckCondition = 0x02;
inline constexpr std::uint8_t kTaskAborted = 0x40;

using FixedSense = std::array<std::byte, 18>;

FixedSense sense_of(DataFault fault);  // not for `none`

}  // namespace shoal::iscsi
