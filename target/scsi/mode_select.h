// MODE SELECT(6) and (10) (SPC-4 6.9, 6.10). Pages may be given in any number and order; all of the list is checked
// before any of it counts. Whatever cannot be changed must be given as it is. The change is every nexus': the others
// learn of it by a unit attention.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer mode_select_6(CommandContext& command);
Answer mode_select_10(CommandContext& command);

}  // namespace shoal::scsi
