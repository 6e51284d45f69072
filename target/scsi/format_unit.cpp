#include "target/scsi/format_unit.h"

#include "target/scsi/block_cdb.h"
#include "target/scsi/unit_condition.h"

namespace shoal::scsi {

namespace {

namespace short_header_layout {  // SBC-3 table 29
constexpr std::size_t kBytes = 4;
using ProtectionFieldUsage = Bits<std::uint8_t, 0, 0, 3>;
using OptionsValid = Bits<bool, 1, 7>;           // FOV
using Options = Bits<std::uint8_t, 1, 3, 4>;     // DPRY, DCRT, STPF, IP
using InitializationPattern = Bits<bool, 1, 3>;  // IP
using Immediate = Bits<bool, 1, 1>;
using DefectListLength = Field<std::uint16_t, 2>;
}  // namespace short_header_layout

namespace long_header_layout {  // SBC-3 table 30: the first two bytes are those of the short one
constexpr std::size_t kBytes = 8;
using ProtectionInterval = Field<std::uint8_t, 3>;
using DefectListLength = Field<std::uint32_t, 4>;
}  // namespace long_header_layout

struct FormatOptions {
  bool immediate = false;
  std::uint64_t transfer_bytes = 0;
};
using DecodedList = std::variant<FormatOptions, Sense>;

std::optional<Sense> refusal(std::span<const std::byte, short_header_layout::kBytes> header) {
  using namespace short_header_layout;
  if (ProtectionFieldUsage::get(header) != 0) return sense::invalid_parameter(ProtectionFieldUsage::kByte);
  const bool options_without_valid = !OptionsValid::get(header) && Options::get(header) != 0;
  if (options_without_valid || InitializationPattern::get(header)) return sense::invalid_parameter(Options::kByte);
  return std::nullopt;
}

DecodedList decode_short(ByteSpan list) {
  using namespace short_header_layout;
  if (list.size() < kBytes) return sense::kParameterListLengthError;
  const auto header = list.first<kBytes>();
  if (const auto refused = refusal(header)) return *refused;
  if (DefectListLength::get(header) != 0) return sense::invalid_parameter(DefectListLength::kByte);
  return FormatOptions{Immediate::get(header), kBytes};
}

DecodedList decode_long(ByteSpan list) {
  using namespace long_header_layout;
  if (list.size() < kBytes) return sense::kParameterListLengthError;
  if (const auto refused = refusal(list.first<short_header_layout::kBytes>())) return *refused;
  const auto header = list.first<kBytes>();
  if (ProtectionInterval::get(header) != 0) return sense::invalid_parameter(ProtectionInterval::kByte);
  if (DefectListLength::get(header) != 0) return sense::invalid_parameter(DefectListLength::kByte);
  return FormatOptions{short_header_layout::Immediate::get(header), kBytes};
}

DecodedList decode(const CommandRequest& request) {
  if (!FormatUnitCdb::FormatData::get(request.cdb)) return FormatOptions{};
  const Slice list = parameter_list(request, long_header_layout::kBytes);
  return FormatUnitCdb::LongList::get(request.cdb) ? decode_long(list.bytes()) : decode_short(list.bytes());
}

bool may_begin(UnitCondition condition) {
  return condition == UnitCondition::ready || condition == UnitCondition::format_failed ||
         condition == UnitCondition::format_corrupted;
}

}  // namespace

Answer format_unit(CommandContext& command) {
  const UnitCondition now = command.unit.state->view().condition;
  if (!may_begin(now)) return check_condition(*not_ready_sense(command.unit));
  const DecodedList list = decode(command.request);
  if (const Sense* wrong = std::get_if<Sense>(&list)) return check_condition(*wrong);
  const FormatOptions& options = std::get<FormatOptions>(list);
  return MediumWork{.passes = {{command.unit.thin ? OperationKind::unmap : OperationKind::zero}},
                    .from = now,
                    .working = UnitCondition::formatting,
                    .failed = UnitCondition::format_failed,
                    .abandoned = UnitCondition::format_corrupted,
                    .immediate = options.immediate,
                    .transfer_bytes = options.transfer_bytes};
}

}  // namespace shoal::scsi
