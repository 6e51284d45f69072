// Who made the unit (SPC-4 6.6.2): fixed widths, padded with spaces.
#pragma once

#include <string_view>

namespace shoal::scsi {

inline constexpr std::string_view kVendorId = "SHOAL   ";
inline constexpr std::string_view kProductId = "VOLUME          ";
inline constexpr std::string_view kRevisionLevel = "0001";
static_assert(kVendorId.size() == 8 && kProductId.size() == 16 && kRevisionLevel.size() == 4);

}  // namespace shoal::scsi
