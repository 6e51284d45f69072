// RECEIVE COPY RESULTS (LID1) (SPC-4 6.20-6.23): what EXTENDED COPY can do, and what became of a copy.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer copy_status(CommandContext& command);
Answer copy_operating_parameters(CommandContext& command);
Answer failed_segment_details(CommandContext& command);

}  // namespace shoal::scsi
