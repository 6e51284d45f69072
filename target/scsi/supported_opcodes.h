// REPORT SUPPORTED OPERATION CODES (SPC-4 6.35): the table of commands, told to an initiator; and REPORT SUPPORTED TASK
// MANAGEMENT FUNCTIONS (6.36): those that iSCSI can ask for, apart from TASK REASSIGN.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer report_supported_opcodes(CommandContext& command);
Answer report_task_functions(CommandContext& command);

}  // namespace shoal::scsi
