// REPORT SUPPORTED OPERATION CODES (SPC-4 6.35): the table of commands, told to an initiator.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer report_supported_opcodes(CommandContext& command);

}  // namespace shoal::scsi
