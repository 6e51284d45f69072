// GET LBA STATUS (SBC-3 5.5): which blocks are mapped. A device may tell of a few blocks at a time, so it is asked
// until the answer is full, the unit ends, or it was asked often enough; the initiator asks again from there.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer get_lba_status(CommandContext& command);

}  // namespace shoal::scsi
