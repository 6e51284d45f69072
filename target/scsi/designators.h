// VPD pages 83, device identification (SPC-4 7.8.6), and 88, SCSI ports (7.8.14): by what names a host knows that two
// paths lead to one unit, and to which port and device each of them leads. The whole group is one target device with
// one target port, so every member says the same.
#pragma once

#include <cstddef>
#include <vector>

#include "target/ports/target_catalog.h"

namespace shoal::scsi {

// What follows a page's header.
std::vector<std::byte> device_identification(const LogicalUnit& unit);
std::vector<std::byte> scsi_ports(const LogicalUnit& unit);

// Whether that, header included, is how the page names the unit itself.
inline constexpr std::size_t kDesignatorHeaderBytes = 4;
bool has_unit_designator(const LogicalUnit& unit, ByteSpan designator);

}  // namespace shoal::scsi
