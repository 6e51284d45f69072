// LOG SENSE (SPC-4 6.8, 7.3): pages 00, supported pages, and 2F, informational exceptions, of which there are none; and
// their forms with subpages. Nothing that a volume does not know of itself: no temperature, no error counters. There is
// no LOG SELECT.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer log_sense(CommandContext& command);

}  // namespace shoal::scsi
