// READ CAPACITY(10) and (16): how large the unit is, and what becomes of blocks that are unmapped (SBC-3 5.15, 5.16).
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer read_capacity_10(CommandContext& command);
Answer read_capacity_16(CommandContext& command);

}  // namespace shoal::scsi
