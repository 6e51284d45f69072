#include "target/scsi/sanitize.h"

#include <algorithm>

#include "target/scsi/transfer.h"
#include "target/scsi/unit_condition.h"

namespace shoal::scsi {

namespace {

namespace overwrite_list_layout {  // SBC-3 table 77
constexpr std::size_t kHeaderBytes = 4;
using Invert = Bits<bool, 0, 7>;
using Test = Bits<std::uint8_t, 0, 5, 2>;
using Count = Bits<std::uint8_t, 0, 0, 5>;
using PatternLength = Field<std::uint16_t, 2>;
}  // namespace overwrite_list_layout

using DecodedPasses = std::variant<std::vector<MediumPass>, Sense>;

// The pattern, again and again, to the block's end.
Slice block_of(ByteSpan pattern) {
  MutableByteSpan fill;
  Slice block = Slice::fresh(kBlockBytes, fill);
  for (std::size_t i = 0; i < fill.size(); ++i) fill[i] = pattern[i % pattern.size()];
  return block;
}

Slice inverted(const Slice& pattern) {
  MutableByteSpan fill;
  Slice result = Slice::fresh(pattern.size(), fill);
  std::ranges::transform(pattern.bytes(), fill.begin(), [](std::byte byte) { return ~byte; });
  return result;
}

std::vector<MediumPass> passes_of(const Slice& pattern, unsigned count, bool invert) {
  const Slice other = invert ? inverted(pattern) : pattern;
  std::vector<MediumPass> passes;
  for (unsigned i = 0; i < count; ++i) passes.push_back({OperationKind::write, i % 2 == 0 ? pattern : other});
  return passes;
}

DecodedPasses decode_overwrite(ByteSpan list, std::uint64_t unit_blocks) {
  using namespace overwrite_list_layout;
  if (list.size() <= kHeaderBytes) return sense::kParameterListLengthError;
  const auto header = list.first<kHeaderBytes>();
  if (Test::get(header) != 0 || Count::get(header) == 0) return sense::invalid_parameter(Count::kByte);
  const std::size_t pattern_bytes = PatternLength::get(header);
  if (pattern_bytes == 0 || pattern_bytes > kBlockBytes || pattern_bytes > list.size() - kHeaderBytes) {
    return sense::invalid_parameter(PatternLength::kByte);
  }
  const Slice block = block_of(list.subspan(kHeaderBytes, pattern_bytes));
  return passes_of(pattern_buffer({block}, unit_blocks), Count::get(header), Invert::get(header));
}

bool may_begin(UnitCondition condition) {
  return condition == UnitCondition::ready || condition == UnitCondition::sanitize_failed ||
         condition == UnitCondition::sanitize_failed_exit_allowed;
}

Answer work(const CommandContext& command, std::vector<MediumPass> passes, std::uint64_t transfer_bytes) {
  const Cdb& cdb = command.request.cdb;
  const UnitCondition failed =
      SanitizeCdb::AllowExit::get(cdb) ? UnitCondition::sanitize_failed_exit_allowed : UnitCondition::sanitize_failed;
  return MediumWork{.passes = std::move(passes),
                    .from = command.unit.state->view().condition,
                    .working = UnitCondition::sanitizing,
                    .failed = failed,
                    .abandoned = failed,
                    .immediate = SanitizeCdb::Immediate::get(cdb),
                    .transfer_bytes = transfer_bytes};
}

std::optional<Sense> refuse_list(const Cdb& cdb) {
  if (SanitizeCdb::ParameterListLength::get(cdb) == 0) return std::nullopt;
  return sense::invalid<SanitizeCdb::ParameterListLength>();
}

}  // namespace

Answer sanitize_overwrite(CommandContext& command) {
  if (!may_begin(command.unit.state->view().condition)) return check_condition(*not_ready_sense(command.unit));
  const std::size_t list_bytes = SanitizeCdb::ParameterListLength::get(command.request.cdb);
  if (list_bytes <= overwrite_list_layout::kHeaderBytes ||
      list_bytes > overwrite_list_layout::kHeaderBytes + kBlockBytes) {
    return check_condition(sense::invalid<SanitizeCdb::ParameterListLength>());
  }
  DecodedPasses passes = decode_overwrite(parameter_list(command.request, list_bytes).bytes(), command.unit_blocks);
  if (const Sense* wrong = std::get_if<Sense>(&passes)) return check_condition(*wrong);
  return work(command, std::get<std::vector<MediumPass>>(std::move(passes)), list_bytes);
}

Answer sanitize_block_erase(CommandContext& command) {
  if (!may_begin(command.unit.state->view().condition)) return check_condition(*not_ready_sense(command.unit));
  if (const auto refused = refuse_list(command.request.cdb)) return check_condition(*refused);
  return work(command, {{OperationKind::unmap}}, 0);
}

// Where nothing failed there is nothing to leave. Without AUSE only another SANITIZE leads out.
Answer sanitize_exit_failure_mode(CommandContext& command) {
  if (const auto refused = refuse_list(command.request.cdb)) return check_condition(*refused);
  switch (const UnitCondition now = command.unit.state->view().condition) {
    case UnitCondition::ready: return CommandResult{.status = status::kGood};
    case UnitCondition::sanitize_failed: return check_condition(sense::invalid<ServiceActionField>());
    case UnitCondition::sanitize_failed_exit_allowed:
      return Ask{ChangeCondition{now, UnitCondition::ready},
                 [](UnitAnswer answer) -> Answer { return result_of_change(answer); }};
    default: return check_condition(*not_ready_sense(command.unit));
  }
}

}  // namespace shoal::scsi
