// The commands of SPC-4 that say something about the unit or the target: TEST UNIT READY, REQUEST SENSE, REPORT LUNS.
// (INQUIRY, MODE SENSE and REPORT SUPPORTED OPERATION CODES have files of their own.)
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer test_unit_ready(CommandContext& command);
// The unit attention that waits, why the unit is not ready, or nothing; of another LUN, that it is not supported
// (SPC-4 6.39). Always GOOD.
Answer request_sense(CommandContext& command);
// LUN 0 is all there is; no well known and no administrative units.
Answer report_luns(CommandContext& command);

}  // namespace shoal::scsi
