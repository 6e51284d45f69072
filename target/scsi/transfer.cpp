#include "target/scsi/transfer.h"

#include <algorithm>

namespace shoal::scsi {

bool beyond_unit(const BlockRange& range, std::uint64_t unit_blocks) {
  return range.first.value > unit_blocks || range.count > unit_blocks - range.first.value;
}

Slices take_data(CommandRequest& request, std::uint64_t bytes) {
  if (!request.write) return {};
  if (request.expected_bytes <= bytes) return std::move(request.data);
  return sub_slices(request.data, 0, bytes);
}

Plan write_plan(Transfer transfer, Slices data) {
  Plan plan{.transfer_bytes = transfer.bytes()};
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

Slice pattern_buffer(const Slices& block, std::uint64_t blocks) {
  const std::uint64_t bytes = std::min<std::uint64_t>(blocks * kBlockBytes, kPatternBufferBytes);
  MutableByteSpan fill;
  Slice buffer = Slice::fresh(bytes, fill);
  for (; !fill.empty(); fill = fill.subspan(kBlockBytes)) copy_out(block, fill.first(kBlockBytes));
  return buffer;
}

Slices repeated(const Slice& buffer, std::uint64_t bytes) {
  Slices data;
  for (; bytes > buffer.size(); bytes -= buffer.size()) data.push_back(buffer);
  data.push_back(buffer.sub(0, bytes));
  return data;
}

}  // namespace shoal::scsi
