// UNMAP and WRITE SAME (SBC-3 5.28, 5.42, 5.43): blocks that are given back, zeroed, or filled with a pattern.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer unmap(CommandContext& command);
Answer write_same_10(CommandContext& command);
Answer write_same_16(CommandContext& command);

}  // namespace shoal::scsi
