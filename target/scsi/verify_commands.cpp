#include "target/scsi/verify_commands.h"

#include "target/scsi/transfer.h"

namespace shoal::scsi {

namespace {

// Reads the range, and compares its beginning with `expected`, which may be nothing.
Plan verify_plan(BlockRange range, Slices expected, std::uint64_t transfer_bytes) {
  Plan plan{.transfer_bytes = transfer_bytes};
  if (range.count == 0) return plan;
  plan.operations.push_back({.kind = OperationKind::read, .range = range});
  plan.then = [expected = std::move(expected), transfer_bytes](IoResult read) -> Answer {
    if (first_difference(expected, read.data)) return check_condition(sense::kMiscompare);
    return CommandResult{.status = status::kGood, .transfer_bytes = transfer_bytes};
  };
  return plan;
}

Answer verify_with_one_block(CommandContext& command, const Transfer& transfer) {
  const Slices block = take_data(command.request, kBlockBytes);
  if (total_size(block) != kBlockBytes) return check_condition(sense::kParameterListLengthError);
  if (transfer.range.count == 0) return Plan{.transfer_bytes = kBlockBytes};
  const Slice buffer = pattern_buffer(block, transfer.range.count);
  return verify_plan(transfer.range, repeated(buffer, transfer.bytes()), kBlockBytes);
}

template <class Layout>
Answer verify(CommandContext& command) {
  const Transfer transfer = decode_transfer<Layout>(command.request.cdb);
  if (const auto refused = refusal<Layout>(transfer, command.unit_blocks)) return check_condition(*refused);
  switch (Layout::Check::get(command.request.cdb)) {
    case ByteCheck::medium: return verify_plan(transfer.range, {}, 0);
    case ByteCheck::data:
      return verify_plan(transfer.range, take_data(command.request, transfer.bytes()), transfer.bytes());
    case ByteCheck::one_block: return verify_with_one_block(command, transfer);
  }
  return check_condition(sense::invalid<typename Layout::Check>());
}

template <class Layout>
Answer write_and_verify(CommandContext& command) {
  Transfer transfer = decode_transfer<Layout>(command.request.cdb);
  if (const auto refused = refusal<Layout>(transfer, command.unit_blocks)) return check_condition(*refused);
  const ByteCheck check = Layout::Check::get(command.request.cdb);
  if (check != ByteCheck::medium && check != ByteCheck::data) {
    return check_condition(sense::invalid<typename Layout::Check>());
  }
  transfer.fua = true;
  const Slices data = take_data(command.request, transfer.bytes());
  Plan plan = write_plan(transfer, data);
  if (plan.operations.empty()) return plan;
  const BlockRange written = plan.operations.front().range;
  plan.then = [written, expected = check == ByteCheck::data ? data : Slices(), bytes = transfer.bytes()](
                  IoResult) mutable -> Answer { return verify_plan(written, std::move(expected), bytes); };
  return plan;
}

}  // namespace

Answer verify_10(CommandContext& command) { return verify<Verify10Cdb>(command); }
Answer verify_12(CommandContext& command) { return verify<Verify12Cdb>(command); }
Answer verify_16(CommandContext& command) { return verify<Verify16Cdb>(command); }

Answer write_and_verify_10(CommandContext& command) { return write_and_verify<Verify10Cdb>(command); }
Answer write_and_verify_12(CommandContext& command) { return write_and_verify<Verify12Cdb>(command); }
Answer write_and_verify_16(CommandContext& command) { return write_and_verify<Verify16Cdb>(command); }

}  // namespace shoal::scsi
