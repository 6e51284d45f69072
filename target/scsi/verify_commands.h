// VERIFY and WRITE AND VERIFY in all their lengths (SBC-3 5.29-5.31, 5.36-5.38). As with WRITE, what the initiator gave
// is what is compared, up to what the CDB asks for; the residual tells.
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer verify_10(CommandContext& command);
Answer verify_12(CommandContext& command);
Answer verify_16(CommandContext& command);

// What is verified is what has reached the medium: written as with FUA.
Answer write_and_verify_10(CommandContext& command);
Answer write_and_verify_12(CommandContext& command);
Answer write_and_verify_16(CommandContext& command);

}  // namespace shoal::scsi
