// REPORT TARGET PORT GROUPS (SPC-4 6.37): the whole group is one target port, so there is one target port group, which
// is active and optimized wherever it is asked. Nobody sets its state (TPGS = 01b), and it never changes.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer report_target_port_groups(CommandContext& command);

}  // namespace shoal::scsi
