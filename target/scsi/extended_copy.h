// EXTENDED COPY (LID1) (SPC-4 6.4): copies inside the unit. Any other device is out of reach.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer extended_copy(CommandContext& command);

}  // namespace shoal::scsi
