#include "target/scsi/atomic_commands.h"

#include <algorithm>

#include "target/scsi/transfer.h"

namespace shoal::scsi {

namespace {

// What blocks become, given what they are and what the initiator gave for them, which may be less.
using Combine = void (*)(MutableByteSpan blocks, ByteSpan given);

void either(MutableByteSpan blocks, ByteSpan given) {
  std::transform(given.begin(), given.end(), blocks.begin(), blocks.begin(), std::bit_or());
}
void instead(MutableByteSpan blocks, ByteSpan given) { std::copy(given.begin(), given.end(), blocks.begin()); }

// Blocks that are read, combined, and written where nobody has changed them meanwhile; else again. Piece by piece.
struct Update {
  Combine combine;
  Transfer left;
  Slices given;  // for what is left
  std::uint64_t piece_blocks = 0;
  std::uint64_t transfer_bytes = 0;  // of the command
};

BlockRange first_piece(const Update& update) {
  return {update.left.range.first, std::min(update.left.range.count, update.piece_blocks)};
}

void drop_first_piece(Update& update) {
  const BlockRange piece = first_piece(update);
  update.left.range = {Lba{piece.first.value + piece.count}, update.left.range.count - piece.count};
  const std::uint64_t bytes = total_size(update.given);
  const std::uint64_t used = std::min(bytes, piece.count * kBlockBytes);
  update.given = sub_slices(update.given, used, bytes - used);
}

Slice combined(const Update& update, const Slices& found) {
  const std::uint64_t bytes = std::min(total_size(update.given), total_size(found));
  MutableByteSpan fill;
  Slice blocks = Slice::fresh(total_size(found), fill);
  copy_out(found, fill);
  update.combine(fill, flatten(sub_slices(update.given, 0, bytes)).bytes());
  return blocks;
}

Answer read_piece(Update update);

Answer write_piece(Update update, Slices found) {
  const BlockRange piece = first_piece(update);
  Slices data = std::move(found);
  data.push_back(combined(update, data));
  Plan plan{.transfer_bytes = update.transfer_bytes, .then_if_failed = true};
  plan.operations.push_back(
      {.kind = OperationKind::compare_and_write, .range = piece, .fua = update.left.fua, .data = std::move(data)});
  plan.then = [update = std::move(update)](IoResult written) mutable -> Answer {
    if (written.status == IoStatus::miscompare) return read_piece(std::move(update));
    if (written.status != IoStatus::ok) return failure(written);
    drop_first_piece(update);
    return read_piece(std::move(update));
  };
  return plan;
}

Answer read_piece(Update update) {
  Plan plan{.transfer_bytes = update.transfer_bytes};
  if (update.left.range.count == 0) return plan;
  plan.operations.push_back({.kind = OperationKind::read, .range = first_piece(update)});
  plan.then = [update = std::move(update)](IoResult found) mutable {
    return write_piece(std::move(update), std::move(found.data));
  };
  return plan;
}

Answer update_blocks(CommandContext& command, Transfer transfer, Combine combine, std::uint64_t piece_blocks) {
  const std::uint64_t asked_bytes = transfer.bytes();
  Slices given = take_data(command.request, asked_bytes);
  transfer.range.count = (total_size(given) + kBlockBytes - 1) / kBlockBytes;
  return read_piece({combine, transfer, std::move(given), piece_blocks, asked_bytes});
}

std::optional<Sense> misaligned(const BlockRange& range) {
  if (range.first.value % kUntornBlocks != 0) return sense::invalid<WriteAtomic16Cdb::FirstBlock>();
  if (range.count % kUntornBlocks != 0) return sense::invalid<WriteAtomic16Cdb::Length>();
  return std::nullopt;
}

}  // namespace

Answer compare_and_write(CommandContext& command) {
  using Layout = CompareAndWriteCdb;
  const Transfer transfer = decode_transfer<Layout>(command.request.cdb);
  if (const auto refused = refusal<Layout>(transfer, command.unit_blocks, kMaxCompareAndWriteBlocks)) {
    return check_condition(*refused);
  }
  const std::uint64_t given_bytes = command.request.write ? command.request.expected_bytes : 0;
  if (given_bytes != 2 * transfer.bytes()) return check_condition(sense::invalid<Layout::Length>());
  Plan plan{.transfer_bytes = given_bytes};
  if (given_bytes == 0) return plan;
  plan.operations.push_back({.kind = OperationKind::compare_and_write,
                             .range = transfer.range,
                             .fua = transfer.fua,
                             .data = std::move(command.request.data)});
  return plan;
}

Answer orwrite_16(CommandContext& command) {
  const Transfer transfer = decode_transfer<Transfer16Cdb>(command.request.cdb);
  if (const auto refused = refusal<Transfer16Cdb>(transfer, command.unit_blocks)) return check_condition(*refused);
  return update_blocks(command, transfer, either, kMaxCompareAndWriteBlocks);
}

// One physical block is written untorn as it is.
Answer write_atomic_16(CommandContext& command) {
  const Transfer transfer = decode_transfer<WriteAtomic16Cdb>(command.request.cdb);
  if (const auto refused = refusal<WriteAtomic16Cdb>(transfer, command.unit_blocks, kMaxAtomicBlocks)) {
    return check_condition(*refused);
  }
  if (const auto refused = misaligned(transfer.range)) return check_condition(*refused);
  if (transfer.range.count > kUntornBlocks) return update_blocks(command, transfer, instead, kMaxAtomicBlocks);
  return write_plan(transfer, take_data(command.request, transfer.bytes()));
}

}  // namespace shoal::scsi
