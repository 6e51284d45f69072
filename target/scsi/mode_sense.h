// MODE SENSE(6) and (10) (SPC-4 6.11, 6.12): the mode pages of mode_pages.h behind a header and a block descriptor.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer mode_sense_6(CommandContext& command);
Answer mode_sense_10(CommandContext& command);

}  // namespace shoal::scsi
