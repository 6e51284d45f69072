// Who made the unit (SPC-4 6.6.2): fixed widths, padded with spaces; and the numbers of its only target port.
#pragma once

#include <cstdint>
#include <string_view>

namespace shoal::scsi {

inline constexpr std::string_view kVendorId = "SHOAL   ";
inline constexpr std::string_view kProductId = "VOLUME          ";
inline constexpr std::string_view kRevisionLevel = "0001";
inline constexpr std::uint16_t kRelativeTargetPort = 1;
inline constexpr std::uint16_t kTargetPortGroup = 1;
static_assert(kVendorId.size() == 8 && kProductId.size() == 16 && kRevisionLevel.size() == 4);

}  // namespace shoal::scsi
