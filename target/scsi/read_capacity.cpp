#include "target/scsi/read_capacity.h"

#include <algorithm>
#include <bit>

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
using PhysicalBlockExponent = Bits<unsigned, 13, 0, 4>;
using ThinProvisioned = Bits<bool, 14, 7>;  // LBPME
using ReadsZeros = Bits<bool, 14, 6>;       // LBPRZ
}  // namespace capacity_16_layout

constexpr unsigned kPhysicalExponent = std::countr_zero(kPhysicalBlockBytes / kBlockBytes);

}  // namespace

Answer read_capacity_10(CommandContext& command) {
  using namespace capacity_10_layout;
  constexpr std::uint64_t kAskFor16 = 0xffffffff;
  std::array<std::byte, kBytes> data{};
  LastBlock::put(data, static_cast<std::uint32_t>(std::min(command.unit_blocks - 1, kAskFor16)));
  BlockLength::put(data, kBlockBytes);
  return good(data, kBytes);
}

Answer read_capacity_16(CommandContext& command) {
  using namespace capacity_16_layout;
  std::array<std::byte, kBytes> data{};
  LastBlock::put(data, command.unit_blocks - 1);
  BlockLength::put(data, kBlockBytes);
  PhysicalBlockExponent::put(data, kPhysicalExponent);
  ThinProvisioned::put(data, command.unit.thin);
  ReadsZeros::put(data, command.unit.thin);
  return good(data, ReadCapacity16Cdb::AllocationLength::get(command.request.cdb));
}

}  // namespace shoal::scsi
