// PERSISTENT RESERVE IN (SPC-4 6.15): the registrations and the persistent reservation of the unit, as this member's
// picture of its shared state has them, and what PERSISTENT RESERVE OUT can do.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer read_keys(CommandContext& command);
Answer read_reservation(CommandContext& command);
Answer report_capabilities(CommandContext& command);
Answer read_full_status(CommandContext& command);

}  // namespace shoal::scsi
