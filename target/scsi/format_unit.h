// FORMAT UNIT (SBC-3 5.4): gives all blocks back, or zeroes them where the unit is not thin. There are no defects, no
// protection information and no initialization patterns.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer format_unit(CommandContext& command);

}  // namespace shoal::scsi
