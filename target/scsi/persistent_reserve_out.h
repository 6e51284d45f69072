// PERSISTENT RESERVE OUT (SPC-4 6.16): the command and its parameter list, decoded and checked; what it does to the
// unit's reservations is target/unit's (persistent_reserve.h). Registrations do not outlive the group's members, so
// APTPL is refused, as REPORT CAPABILITIES says.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer persistent_reserve_out(CommandContext& command);

}  // namespace shoal::scsi
