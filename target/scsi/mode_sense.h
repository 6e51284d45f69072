// MODE SENSE(6) and (10): pages caching (08), control (0A), informational exceptions (1C), without subpages
// (SPC-4 6.11, 7.5; SBC-3 6.5). Nothing can be changed and nothing is saved: there is no MODE SELECT yet.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer mode_sense_6(CommandContext& command);
Answer mode_sense_10(CommandContext& command);

}  // namespace shoal::scsi
