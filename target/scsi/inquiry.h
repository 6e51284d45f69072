// INQUIRY: standard data and vital product data (SPC-4 6.6, 7.8; SBC-3 6.6). A function of the unit's record alone, so
// that every member of a group answers the same bytes.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer inquiry(CommandContext& command);

}  // namespace shoal::scsi
