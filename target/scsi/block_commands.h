// READ, WRITE, SYNCHRONIZE CACHE and PRE-FETCH in all their lengths (SBC-3 5.9-5.13, 5.26, 5.27, 5.32-5.34).
#pragma once

#include "target/scsi/answer.h"

namespace shoal::scsi {

Answer read_6(CommandContext& command);
Answer read_10(CommandContext& command);
Answer read_12(CommandContext& command);
Answer read_16(CommandContext& command);

// What the initiator gave is written, up to what the CDB asks for; the rest of a last, incomplete block stays as it was
// (RFC 7143 11.4.5: the residual tells).
Answer write_6(CommandContext& command);
Answer write_10(CommandContext& command);
Answer write_12(CommandContext& command);
Answer write_16(CommandContext& command);

Answer synchronize_cache_10(CommandContext& command);
Answer synchronize_cache_16(CommandContext& command);

Answer prefetch_10(CommandContext& command);
Answer prefetch_16(CommandContext& command);

}  // namespace shoal::scsi
