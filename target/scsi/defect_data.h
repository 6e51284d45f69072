// READ DEFECT DATA(10) and (12) (SBC-3 5.17, 5.18): blocks of a volume do not wear out one by one, so both lists are
// there and empty, in whatever format they are asked for.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer read_defect_data_10(CommandContext& command);
Answer read_defect_data_12(CommandContext& command);

}  // namespace shoal::scsi
