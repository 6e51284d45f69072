// Transfer: the range of blocks that a CDB names and the data that came for it: what READ, WRITE, VERIFY and their
// relatives have in common.
#pragma once

#include <optional>

#include "target/scsi/answer.h"
#include "target/scsi/block_cdb.h"
#include "target/scsi/limits.h"

namespace shoal::scsi {

struct Transfer {
  BlockRange range;
  bool fua = false;
  std::uint64_t bytes() const { return range.count * kBlockBytes; }
};

// A range that ends behind the unit, or begins there, even when it is empty (SBC-3 4.12). A unit's end itself is no
// error.
bool beyond_unit(const BlockRange& range, std::uint64_t unit_blocks);

template <class Layout>
Transfer decode_transfer(const Cdb& cdb) {
  Transfer transfer{.range = {Layout::FirstBlock::get(cdb), Layout::Length::get(cdb)}};
  if constexpr (requires { typename Layout::Fua; }) transfer.fua = Layout::Fua::get(cdb);
  return transfer;
}

template <class Layout>
std::optional<Sense> refusal(const Transfer& transfer, std::uint64_t unit_blocks,
                             std::uint64_t max_blocks = kMaxTransferBlocks) {
  if (beyond_unit(transfer.range, unit_blocks)) return sense::kLbaOutOfRange;
  if (transfer.range.count > max_blocks) return sense::invalid<typename Layout::Length>();
  return std::nullopt;
}

// The beginning of what the initiator gave, at most `bytes`.
Slices take_data(CommandRequest& request, std::uint64_t bytes);

// Writes what was given, which may be less than the transfer's bytes.
Plan write_plan(Transfer transfer, Slices data);

// The block, again and again, at most kPatternBufferBytes of it and no more than `blocks`.
Slice pattern_buffer(const Slices& block, std::uint64_t blocks);
// `bytes` of the buffer, again and again.
Slices repeated(const Slice& buffer, std::uint64_t bytes);

}  // namespace shoal::scsi
