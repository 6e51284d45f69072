#include "target/scsi/extended_copy.h"

#include <algorithm>

#include "target/scsi/copy_list.h"
#include "target/scsi/copy_results.h"
#include "target/scsi/primary_cdb.h"
#include "target/scsi/transfer.h"

namespace shoal::scsi {

namespace {

// What is left to be copied.
struct Copy {
  CopyList list;
  CopyResults::Shared result;
  std::uint64_t unit_blocks = 0;
  std::uint64_t transfer_bytes = 0;
  std::size_t segment = 0;
  std::uint64_t copied_blocks = 0;  // of the segment
};

std::optional<Sense> refusal(const CopyList& list, const CopySegment& segment, std::uint64_t unit_blocks) {
  for (const std::size_t end : {segment.source, segment.destination}) {
    if (end >= list.is_this_unit.size()) return sense::kUnreachableCopyTarget;
    if (!list.is_this_unit[end]) return sense::kCopyTargetNotReachable;
  }
  if (beyond_unit(segment.from, unit_blocks) || beyond_unit({segment.to, segment.from.count}, unit_blocks)) {
    return sense::kCopyAborted;
  }
  return std::nullopt;
}

struct Piece {
  BlockRange from, to;
};

// From the end on where the destination begins inside the source: no block is written before it has been read.
Piece next_piece(const CopySegment& segment, std::uint64_t copied) {
  const std::uint64_t count = std::min<std::uint64_t>(segment.from.count - copied, kCopyPieceBlocks);
  const std::uint64_t from = segment.from.first.value;
  const bool backwards = segment.to.value > from && segment.to.value - from < segment.from.count;
  const std::uint64_t offset = backwards ? segment.from.count - copied - count : copied;
  return {{Lba{from + offset}, count}, {Lba{segment.to.value + offset}, count}};
}

CommandResult failed(const Copy& copy, const Sense& sense) {
  copy.result->failure = sense;
  return check_condition(sense);
}

CommandResult done(const Copy& copy) {
  copy.result->complete = true;
  return {.status = status::kGood, .transfer_bytes = copy.transfer_bytes};
}

Answer read_piece(Copy copy);

// An operation that did not go well is the third party's failure, except what the task itself met.
std::optional<CommandResult> failure_of(const Copy& copy, const IoResult& io) {
  switch (io.status) {
    case IoStatus::ok: return std::nullopt;
    case IoStatus::fenced:
    case IoStatus::aborted:
    case IoStatus::stale_reservation: return failure(io);
    default: return failed(copy, sense::kThirdPartyDeviceFailure);
  }
}

Answer write_piece(Copy copy, BlockRange to, Slices data) {
  Plan plan{.then_if_failed = true};
  plan.operations.push_back({.kind = OperationKind::write, .range = to, .data = std::move(data)});
  plan.then = [copy = std::move(copy), count = to.count](IoResult written) mutable -> Answer {
    if (auto ended = failure_of(copy, written)) return *ended;
    copy.copied_blocks += count;
    copy.result->bytes += count * kBlockBytes;
    return read_piece(std::move(copy));
  };
  return plan;
}

void skip_finished_segments(Copy& copy) {
  while (copy.segment < copy.list.segments.size() &&
         copy.copied_blocks == copy.list.segments[copy.segment].from.count) {
    ++copy.segment;
    ++copy.result->segments;
    copy.copied_blocks = 0;
  }
}

Answer read_piece(Copy copy) {
  skip_finished_segments(copy);
  if (copy.segment == copy.list.segments.size()) return done(copy);
  const CopySegment& segment = copy.list.segments[copy.segment];
  if (const auto refused = refusal(copy.list, segment, copy.unit_blocks)) return failed(copy, *refused);
  const Piece piece = next_piece(segment, copy.copied_blocks);
  Plan plan{.then_if_failed = true};
  plan.operations.push_back({.kind = OperationKind::read, .range = piece.from});
  plan.then = [copy = std::move(copy), to = piece.to](IoResult read) mutable -> Answer {
    if (auto ended = failure_of(copy, read)) return *ended;
    return write_piece(std::move(copy), to, std::move(read.data));
  };
  return plan;
}

CopyResults::Shared result_for(CopyResults& results, const CopyList& list) {
  return list.keeps_result ? results.begin(list.list_id) : std::make_shared<CopyResult>();
}

}  // namespace

Answer extended_copy(CommandContext& command) {
  const std::size_t announced = ExtendedCopyCdb::ParameterListLength::get(command.request.cdb);
  if (announced == 0) return CommandResult{.status = status::kGood};
  const Slice bytes = parameter_list(command.request, announced);
  auto decoded = decode_copy_list(bytes.bytes(), command.unit);
  if (const Sense* wrong = std::get_if<Sense>(&decoded)) return check_condition(*wrong);
  CopyList& list = std::get<CopyList>(decoded);
  if (list.keeps_result && command.copies->under_way(list.list_id)) return check_condition(sense::kOperationInProgress);
  CopyResults::Shared result = result_for(*command.copies, list);
  if (!result) return CommandResult{.status = status::kBusy};
  return read_piece({.list = std::move(list),
                     .result = std::move(result),
                     .unit_blocks = command.unit_blocks,
                     .transfer_bytes = announced});
}

}  // namespace shoal::scsi
