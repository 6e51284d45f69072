// The parameter list of EXTENDED COPY (LID1) (SPC-4 6.4.3): who is meant, and what is to be copied. Identification
// descriptors (E4h) and segments from block to block (02h) are known; both ends are this unit.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "target/ports/block_device.h"
#include "target/ports/target_catalog.h"
#include "target/scsi/sense.h"

namespace shoal::scsi {

inline constexpr std::uint8_t kIdentificationDescriptor = 0xe4;
inline constexpr std::uint8_t kBlockToBlockSegment = 0x02;

struct CopySegment {
  std::uint16_t source = 0, destination = 0;  // which of the list's descriptors
  BlockRange from;
  Lba to;
};

struct CopyList {
  std::uint8_t list_id = 0;
  bool keeps_result = true;        // LIST ID USAGE
  std::vector<bool> is_this_unit;  // of each descriptor
  std::vector<CopySegment> segments;
};

// Checks what does not depend on a segment's turn: its form.
std::variant<CopyList, Sense> decode_copy_list(ByteSpan list, const LogicalUnit& unit);

}  // namespace shoal::scsi
