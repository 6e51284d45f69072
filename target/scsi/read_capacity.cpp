#include "target/scsi/read_capacity.h"

#include <algorithm>

#include "target/scsi/block_cdb.h"

namespace shoal::scsi {

namespace {

namespace capacity_10_layout {  // SBC-3 table 61
constexpr std::size_t kBytes = 8;
using LastBlock = Field<std::uint32_t, 0>;
using BlockLength = Field<std::uint32_t, 4>;
}  // namespace capacity_10_layout

namespace capacity_16_layout {  // SBC-3 table 63
constexpr std::size_t kBytes = 32;
using LastBlock = Field<std::uint64_t, 0>;
using BlockLength = Field<std::uint32_t, 8>;
using ThinProvisioned = Bits<bool, 14, 7>;  // LBPME
using ReadsZeros = Bits<bool, 14, 6>;       // LBPRZ
}  // namespace capacity_16_layout

}  // namespace

Answer read_capacity_10(CommandContext& command) {
  using namespace capacity_10_layout;
  constexpr std::uint64_t kAskFor16 = 0xffffffff;
  std::array<std::byte, kBytes> data{};
  LastBlock::put(data, static_cast<std::uint32_t>(std::min(command.unit_blocks - 1, kAskFor16)));
  BlockLength::put(data, kBlockBytes);
  return good(data, kBytes);
}

// Blocks are physical blocks (exponent 0): any of them is written alone. That 4 KiB go better is VPD B0's to say, and
// what is never torn WRITE ATOMIC's; hosts that know only 512-byte sectors, and what they moved here, stay content.
Answer read_capacity_16(CommandContext& command) {
  using namespace capacity_16_layout;
  std::array<std::byte, kBytes> data{};
  LastBlock::put(data, command.unit_blocks - 1);
  BlockLength::put(data, kBlockBytes);
  ThinProvisioned::put(data, command.unit.thin);
  ReadsZeros::put(data, command.unit.thin);
  return good(data, ReadCapacity16Cdb::AllocationLength::get(command.request.cdb));
}

}  // namespace shoal::scsi
