#include "target/scsi/block_commands.h"

#include "target/scsi/transfer.h"

namespace shoal::scsi {

namespace {

template <class Layout>
Transfer decode(const Cdb& cdb) {
  return decode_transfer<Layout>(cdb);
}

template <>
Transfer decode<Transfer6Cdb>(const Cdb& cdb) {
  constexpr std::uint64_t kLengthOfZero = 256;  // SBC-2 table 34
  const std::uint64_t high = Transfer6Cdb::FirstBlockHigh::get(cdb);
  const std::uint64_t length = Transfer6Cdb::Length::get(cdb);
  return {{Lba{high << 16 | Transfer6Cdb::FirstBlockLow::get(cdb)}, length == 0 ? kLengthOfZero : length}};
}

// FUA of a read changes nothing: what a store has cached is what it would write to its medium before it read it back.
template <class Layout>
Answer read(const CommandContext& command) {
  const Transfer transfer = decode<Layout>(command.request.cdb);
  if (const auto refused = refusal<Layout>(transfer, command.unit_blocks)) return check_condition(*refused);
  Plan plan{.transfer_bytes = transfer.bytes()};
  if (transfer.range.count != 0) plan.operations.push_back({.kind = OperationKind::read, .range = transfer.range});
  return plan;
}

template <class Layout>
Answer write(CommandContext& command) {
  const Transfer transfer = decode<Layout>(command.request.cdb);
  if (const auto refused = refusal<Layout>(transfer, command.unit_blocks)) return check_condition(*refused);
  return write_plan(transfer, take_data(command.request, transfer.bytes()));
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

// Nothing is kept for later reads: none of the blocks fits a cache, which is GOOD and not CONDITION MET (SBC-3 5.9).
template <class Layout>
Answer prefetch(const CommandContext& command) {
  const Transfer transfer = decode_transfer<Layout>(command.request.cdb);
  if (beyond_unit(transfer.range, command.unit_blocks)) return check_condition(sense::kLbaOutOfRange);
  return CommandResult{.status = status::kGood};
}

}  // namespace

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

Answer prefetch_10(CommandContext& command) { return prefetch<Prefetch10Cdb>(command); }
Answer prefetch_16(CommandContext& command) { return prefetch<Prefetch16Cdb>(command); }

}  // namespace shoal::scsi
