#include "target/scsi/provisioning_commands.h"

#include <algorithm>

#include "target/scsi/transfer.h"

namespace shoal::scsi {

namespace {

// ---- UNMAP

namespace unmap_list_layout {  // SBC-3 table 112
constexpr std::size_t kHeaderBytes = 8;
using DescriptorDataLength = Field<std::uint16_t, 2>;
}  // namespace unmap_list_layout

namespace unmap_descriptor_layout {  // SBC-3 table 113
constexpr std::size_t kBytes = 16;
using FirstBlock = Field<Lba, 0>;
using Blocks = Field<std::uint32_t, 8>;
}  // namespace unmap_descriptor_layout

using UnmapRanges = std::variant<std::vector<BlockRange>, Sense>;

BlockRange decode_descriptor(std::span<const std::byte, unmap_descriptor_layout::kBytes> descriptor) {
  return {unmap_descriptor_layout::FirstBlock::get(descriptor), unmap_descriptor_layout::Blocks::get(descriptor)};
}

// All descriptors are checked before the first block is unmapped. An incomplete one at the end is ignored
// (SBC-3 5.28.2).
UnmapRanges decode_descriptors(ByteSpan descriptors, std::uint64_t unit_blocks) {
  using namespace unmap_descriptor_layout;
  std::vector<BlockRange> ranges;
  std::uint64_t blocks = 0;
  for (; descriptors.size() >= kBytes; descriptors = descriptors.subspan(kBytes)) {
    const BlockRange range = decode_descriptor(descriptors.first<kBytes>());
    if (beyond_unit(range, unit_blocks)) return sense::kLbaOutOfRange;
    blocks += range.count;
    if (blocks > kMaxUnmapBlocks) return sense::kInvalidFieldInParameterList;
    if (range.count != 0) ranges.push_back(range);
  }
  return ranges;
}

UnmapRanges decode_unmap_list(ByteSpan list, std::uint64_t unit_blocks) {
  using namespace unmap_list_layout;
  if (list.size() < kHeaderBytes) return sense::kParameterListLengthError;
  const std::size_t descriptor_bytes = DescriptorDataLength::get(list.first<kHeaderBytes>());
  if (descriptor_bytes > list.size() - kHeaderBytes) return sense::kParameterListLengthError;
  if (descriptor_bytes / unmap_descriptor_layout::kBytes > kMaxUnmapDescriptors) {
    return sense::invalid_parameter(DescriptorDataLength::kByte);
  }
  return decode_descriptors(list.subspan(kHeaderBytes, descriptor_bytes), unit_blocks);
}

// ---- WRITE SAME

struct WriteSame {
  BlockRange range;
  bool unmap = false;
  bool no_data = false;
};

template <class Layout>
WriteSame decode_write_same(const Cdb& cdb) {
  WriteSame write{.range = {Layout::FirstBlock::get(cdb), Layout::Length::get(cdb)}, .unmap = Layout::Unmap::get(cdb)};
  if constexpr (requires { typename Layout::NoDataOut; }) write.no_data = Layout::NoDataOut::get(cdb);
  return write;
}

template <class Layout>
std::optional<Sense> refusal(const WriteSame& write, const CommandContext& command) {
  if (write.unmap && !command.unit.thin) return sense::invalid<typename Layout::Unmap>();
  if (write.range.count > kMaxWriteSameBlocks) return sense::invalid<typename Layout::Length>();
  const std::size_t data_bytes = command.request.write ? command.request.expected_bytes : 0;
  if (data_bytes != (write.no_data ? 0 : kBlockBytes)) return sense::kParameterListLengthError;
  return std::nullopt;
}

bool all_zeros(const Slices& data) {
  return std::all_of(data.begin(), data.end(), [](const Slice& slice) {
    return std::all_of(slice.bytes().begin(), slice.bytes().end(), [](std::byte byte) { return byte == std::byte{0}; });
  });
}

void plan_pattern(Plan& plan, BlockRange range, const Slices& block) {
  const Slice buffer = pattern_buffer(block, range.count);
  while (range.count != 0) {
    const std::uint64_t count = std::min<std::uint64_t>(range.count, kPatternWriteBlocks);
    plan.operations.push_back(
        {.kind = OperationKind::write, .range = {range.first, count}, .data = repeated(buffer, count * kBlockBytes)});
    range = {Lba{range.first.value + count}, range.count - count};
  }
}

// UNMAP asks for blocks to be given back, and they are, whatever the block of data holds: they read as zeros (LBPRZ).
// Hosts that ask for it send zeros.
Answer write_same(const WriteSame& write, const CommandContext& command) {
  Plan plan{.transfer_bytes = write.no_data ? 0 : kBlockBytes};
  if (write.range.count == 0) return plan;
  if (!write.unmap && !write.no_data && !all_zeros(command.request.data)) {
    plan_pattern(plan, write.range, command.request.data);
  } else {
    plan.operations.push_back({.kind = write.unmap ? OperationKind::unmap : OperationKind::zero, .range = write.range});
  }
  return plan;
}

template <class Layout>
Answer write_same(const CommandContext& command) {
  WriteSame write = decode_write_same<Layout>(command.request.cdb);
  if (beyond_unit(write.range, command.unit_blocks)) return check_condition(sense::kLbaOutOfRange);
  if (write.range.count == 0) write.range.count = command.unit_blocks - write.range.first.value;  // WSNZ is 0
  if (const auto refused = refusal<Layout>(write, command)) return check_condition(*refused);
  return write_same(write, command);
}

}  // namespace

Answer unmap(CommandContext& command) {
  const std::size_t list_bytes = UnmapCdb::ParameterListLength::get(command.request.cdb);
  Plan plan{.transfer_bytes = list_bytes};
  if (list_bytes == 0) return plan;
  const Slice list = command.request.write ? flatten(command.request.data) : Slice();
  const UnmapRanges ranges =
      decode_unmap_list(list.bytes().first(std::min(list_bytes, list.size())), command.unit_blocks);
  if (const Sense* wrong = std::get_if<Sense>(&ranges)) return check_condition(*wrong);
  for (const BlockRange& range : std::get<std::vector<BlockRange>>(ranges)) {
    plan.operations.push_back({.kind = OperationKind::unmap, .range = range});
  }
  return plan;
}

Answer write_same_10(CommandContext& command) { return write_same<WriteSame10Cdb>(command); }
Answer write_same_16(CommandContext& command) { return write_same<WriteSame16Cdb>(command); }

}  // namespace shoal::scsi
