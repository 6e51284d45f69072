#include "target/scsi/receive_copy_results.h"

#include <bit>

#include "target/scsi/copy_list.h"
#include "target/scsi/copy_results.h"
#include "target/scsi/limits.h"
#include "target/scsi/primary_cdb.h"
#include "target/scsi/report_bytes.h"

namespace shoal::scsi {

namespace {

namespace status_layout {  // SPC-4 table 213
constexpr std::size_t kBytes = 12;
using AvailableData = Field<std::uint32_t, 0>;
using Status = Bits<std::uint8_t, 4, 0, 7>;
using Segments = Field<std::uint16_t, 5>;
using TransferUnits = Field<std::uint8_t, 7>;  // 0: bytes, 1: KiB, 2: MiB
using TransferCount = Field<std::uint32_t, 8>;
constexpr std::uint8_t kInProgress = 0, kComplete = 1, kFailed = 2;
constexpr std::uint8_t kKibibytes = 1;
}  // namespace status_layout

namespace parameters_layout {  // SPC-4 table 216
constexpr std::size_t kBytes = 44 + 2;
using AvailableData = Field<std::uint32_t, 0>;
using NoListId = Bits<bool, 4, 0>;  // SNLID
using MaximumDescriptors = Field<std::uint16_t, 8>;
using MaximumSegments = Field<std::uint16_t, 10>;
using MaximumListLength = Field<std::uint32_t, 12>;
using MaximumSegmentLength = Field<std::uint32_t, 16>;
using TotalCopies = Field<std::uint16_t, 34>;
using Copies = Field<std::uint8_t, 36>;
using SegmentGranularity = Field<std::uint8_t, 37>;  // a power of two
using TypeCount = Field<std::uint8_t, 43>;
using FirstType = Field<std::uint8_t, 44>;
using SecondType = Field<std::uint8_t, 45>;
}  // namespace parameters_layout

namespace details_layout {  // SPC-4 table 219
constexpr std::size_t kHeaderBytes = 60;
using AvailableData = Field<std::uint32_t, 0>;
using Status = Field<std::uint8_t, 56>;
using SenseLength = Field<std::uint16_t, 58>;
}  // namespace details_layout

constexpr std::uint32_t kUncountedBytes = 4;

std::uint32_t allocation_length(const CommandContext& command) {
  return ReceiveCopyResultsCdb::AllocationLength::get(command.request.cdb);
}

std::uint8_t list_id(const CommandContext& command) { return ReceiveCopyResultsCdb::ListId::get(command.request.cdb); }

CommandResult unknown_list_id() { return check_condition(sense::invalid<ReceiveCopyResultsCdb::ListId>()); }

std::uint8_t status_of(const CopyResult& result, bool under_way) {
  if (under_way) return status_layout::kInProgress;
  return result.complete ? status_layout::kComplete : status_layout::kFailed;
}

}  // namespace

Answer copy_status(CommandContext& command) {
  using namespace status_layout;
  const bool under_way = command.copies->under_way(list_id(command));
  const auto result = command.copies->find(list_id(command));
  if (!result) return unknown_list_id();
  std::array<std::byte, kBytes> data{};
  AvailableData::put(data, kBytes - kUncountedBytes);
  Status::put(data, status_of(*result, under_way));
  Segments::put(data, result->segments);
  TransferUnits::put(data, kKibibytes);
  TransferCount::put(data, static_cast<std::uint32_t>(result->bytes >> 10));
  return good(data, allocation_length(command));
}

Answer copy_operating_parameters(CommandContext& command) {
  using namespace parameters_layout;
  std::array<std::byte, kBytes> data{};
  AvailableData::put(data, kBytes - kUncountedBytes);
  NoListId::put(data, true);
  MaximumDescriptors::put(data, kMaxCopyDescriptors);
  MaximumSegments::put(data, kMaxCopySegments);
  MaximumListLength::put(data, kMaxCopyListBytes);
  MaximumSegmentLength::put(data, kMaxCopySegmentBytes);
  TotalCopies::put(data, kMaxCopyResults);
  Copies::put(data, kMaxCopyResults);
  SegmentGranularity::put(data, std::countr_zero(kBlockBytes));
  TypeCount::put(data, 2);
  FirstType::put(data, kBlockToBlockSegment);
  SecondType::put(data, kIdentificationDescriptor);
  return good(data, allocation_length(command));
}

// Once told they are forgotten (SPC-4 6.23).
Answer failed_segment_details(CommandContext& command) {
  using namespace details_layout;
  const auto result = command.copies->find(list_id(command));
  if (!result || !result->failure) return unknown_list_id();
  const Slice sense = encode_fixed(*result->failure);
  ReportBytes data(kHeaderBytes);
  const auto header = std::span(data).first<kHeaderBytes>();
  AvailableData::put(header, static_cast<std::uint32_t>(kHeaderBytes + sense.size() - kUncountedBytes));
  Status::put(header, status::kCheckCondition);
  SenseLength::put(header, static_cast<std::uint16_t>(sense.size()));
  append(data, sense.bytes());
  command.copies->forget(list_id(command));
  return good(ByteSpan(data), allocation_length(command));
}

}  // namespace shoal::scsi
