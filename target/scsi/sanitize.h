// SANITIZE (SBC-3 5.24, 4.36): OVERWRITE, BLOCK ERASE (of thin units: all blocks are given back) and EXIT FAILURE MODE.
// Nothing is encrypted, so there is no CRYPTOGRAPHIC ERASE.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer sanitize_overwrite(CommandContext& command);
Answer sanitize_block_erase(CommandContext& command);
Answer sanitize_exit_failure_mode(CommandContext& command);

}  // namespace shoal::scsi
