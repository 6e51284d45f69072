// While a unit is formatted or sanitized, and after that has failed, it has no blocks to offer: only INQUIRY, REPORT
// LUNS, REQUEST SENSE and what a unit says of itself are answered, and what may end that condition (SBC-3 4.11, 4.36).
#pragma once

#include <optional>

#include "target/ports/target_catalog.h"
#include "target/scsi/sense.h"

namespace shoal::scsi {

// Why the unit is not ready; nullopt: it is.
std::optional<Sense> not_ready_sense(const LogicalUnit& unit);

}  // namespace shoal::scsi
