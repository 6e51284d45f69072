// Commands that nothing comes between: COMPARE AND WRITE (SBC-3 5.2), ORWRITE(16) (5.8), WRITE ATOMIC(16) (SBC-4 5.49).
// They rest on the one operation of a BlockDevice that is atomic, compare_and_write.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

// All the data or none: a part of them has no meaning.
Answer compare_and_write(CommandContext& command);

// As with WRITE, what the initiator gave is used, up to what the CDB asks for; the residual tells.
Answer orwrite_16(CommandContext& command);
Answer write_atomic_16(CommandContext& command);

}  // namespace shoal::scsi
