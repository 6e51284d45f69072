#include "target/scsi/block_commands.h"

#include <algorithm>

#include "target/scsi/block_cdb.h"
#include "target/scsi/limits.h"

namespace shoal::scsi {

namespace {

struct Transfer {
  BlockRange range;
  bool fua = false;
};

Transfer decode(Transfer6Cdb, const Cdb& cdb) {
  constexpr std::uint64_t kLengthOfZero = 256;  // SBC-2 table 34
  const std::uint64_t high = Transfer6Cdb::FirstBlockHigh::get(cdb);
  const std::uint64_t length = Transfer6Cdb::Length::get(cdb);
  return {{Lba{high << 16 | Transfer6Cdb::FirstBlockLow::get(cdb)}, length == 0 ? kLengthOfZero : length}};
}

template <class Layout>
Transfer decode(Layout, const Cdb& cdb) {
  return {{Layout::FirstBlock::get(cdb), Layout::Length::get(cdb)}, Layout::Fua::get(cdb)};
}

template <class Layout>
std::optional<Sense> refusal(const Transfer& transfer, std::uint64_t unit_blocks) {
  if (beyond_unit(transfer.range, unit_blocks)) return sense::kLbaOutOfRange;
  if (transfer.range.count > kMaxTransferBlocks) return sense::invalid<typename Layout::Length>();
  return std::nullopt;
}

// FUA of a read changes nothing: what a store has cached is what it would write to its medium before it read it back.
template <class Layout>
Answer read(const CommandContext& command) {
  const Transfer transfer = decode(Layout{}, command.request.cdb);
  if (const auto refused = refusal<Layout>(transfer, command.unit_blocks)) return check_condition(*refused);
  Plan plan{.transfer_bytes = transfer.range.count * kBlockBytes};
  if (transfer.range.count != 0) plan.operations.push_back({.kind = OperationKind::read, .range = transfer.range});
  return plan;
}

// The beginning of what the initiator gave, at most `bytes`.
Slices take_data(CommandRequest& request, std::uint64_t bytes) {
  if (!request.write) return {};
  if (request.expected_bytes <= bytes) return std::move(request.data);
  return sub_slices(request.data, 0, bytes);
}

Plan write_plan(Transfer transfer, Slices data) {
  Plan plan{.transfer_bytes = transfer.range.count * kBlockBytes};
  const std::uint64_t given_bytes = total_size(data);
  if (given_bytes == 0) return plan;
  const auto partial_bytes = static_cast<std::uint32_t>(given_bytes % kBlockBytes);
  transfer.range.count = (given_bytes + kBlockBytes - 1) / kBlockBytes;
  if (partial_bytes != 0) {
    plan.partial = PartialBlock{Lba{transfer.range.first.value + transfer.range.count - 1}, partial_bytes};
  }
  plan.operations.push_back(
      {.kind = OperationKind::write, .range = transfer.range, .fua = transfer.fua, .data = std::move(data)});
  return plan;
}

template <class Layout>
Answer write(CommandContext& command) {
  const Transfer transfer = decode(Layout{}, command.request.cdb);
  if (const auto refused = refusal<Layout>(transfer, command.unit_blocks)) return check_condition(*refused);
  return write_plan(transfer, take_data(command.request, transfer.range.count * kBlockBytes));
}

// A length of 0 means to the unit's end. The device takes a count of 0 as the whole unit, so an empty end asks it
// nothing.
template <class Layout>
Answer synchronize_cache(const CommandContext& command) {
  BlockRange range{Layout::FirstBlock::get(command.request.cdb), Layout::Length::get(command.request.cdb)};
  if (beyond_unit(range, command.unit_blocks)) return check_condition(sense::kLbaOutOfRange);
  if (range.count == 0) range.count = command.unit_blocks - range.first.value;
  Plan plan;
  if (range.count == 0) return plan;
  if (range.count == command.unit_blocks) range.count = 0;
  plan.operations.push_back({.kind = OperationKind::flush, .range = range});
  return plan;
}

}  // namespace

bool beyond_unit(const BlockRange& range, std::uint64_t unit_blocks) {
  return range.first.value > unit_blocks || range.count > unit_blocks - range.first.value;
}

Answer read_6(CommandContext& command) { return read<Transfer6Cdb>(command); }
Answer read_10(CommandContext& command) { return read<Transfer10Cdb>(command); }
Answer read_12(CommandContext& command) { return read<Transfer12Cdb>(command); }
Answer read_16(CommandContext& command) { return read<Transfer16Cdb>(command); }

Answer write_6(CommandContext& command) { return write<Transfer6Cdb>(command); }
Answer write_10(CommandContext& command) { return write<Transfer10Cdb>(command); }
Answer write_12(CommandContext& command) { return write<Transfer12Cdb>(command); }
Answer write_16(CommandContext& command) { return write<Transfer16Cdb>(command); }

Answer synchronize_cache_10(CommandContext& command) { return synchronize_cache<SynchronizeCache10Cdb>(command); }
Answer synchronize_cache_16(CommandContext& command) { return synchronize_cache<SynchronizeCache16Cdb>(command); }

}  // namespace shoal::scsi
