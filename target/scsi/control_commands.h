// Commands that take hold of the unit as a whole: RESERVE and RELEASE (SPC-2 7.16 to 7.22), START STOP UNIT (SBC-3
// 5.25), PREVENT ALLOW MEDIUM REMOVAL (SBC-3 5.10), SEND DIAGNOSTIC (SPC-4 6.42).
#pragma once

#include "target/scsi/answer.h"
#include "target/scsi/cdb.h"

namespace shoal::scsi {

// For the nexus that sends them and the whole unit: no third parties, no extents.
Answer reserve(CommandContext& command);
Answer release(CommandContext& command);

// The unit has nothing that could stand still, and a host that goes must not take it from the others: a stop writes the
// caches back (unless NO_FLUSH), and the unit stays ready.
Answer start_stop_unit(CommandContext& command);
bool starts_unit(const Cdb& cdb);

// The medium cannot be removed, so there is nothing to prevent.
Answer prevent_allow_medium_removal(CommandContext& command);
bool allows_removal(const Cdb& cdb);

// The default self-test: can the first block be read?
Answer send_diagnostic(CommandContext& command);

}  // namespace shoal::scsi
