#include "target/scsi/copy_list.h"

#include <algorithm>

#include "target/base/field.h"
#include "target/scsi/designators.h"
#include "target/scsi/limits.h"

namespace shoal::scsi {

namespace {

namespace header_layout {  // SPC-4 table 109
constexpr std::size_t kBytes = 16;
using ListId = Field<std::uint8_t, 0>;
using ListIdUsage = Bits<std::uint8_t, 1, 3, 2>;
using DescriptorsLength = Field<std::uint16_t, 2>;
using SegmentsLength = Field<std::uint32_t, 8>;
using InlineLength = Field<std::uint32_t, 12>;
constexpr std::uint8_t kKeep = 0;
constexpr std::uint8_t kReserved = 1;
constexpr std::uint8_t kNoListId = 3;
}  // namespace header_layout

namespace descriptor_layout {  // SPC-4 tables 113, 118
constexpr std::size_t kBytes = 32;
using Type = Field<std::uint8_t, 0>;
constexpr std::size_t kDesignator = 4;  // as in VPD page 83
using DesignatorLength = Field<std::uint8_t, 7>;
constexpr std::size_t kMaxDesignatorBytes = 20;
}  // namespace descriptor_layout

namespace segment_layout {  // SPC-4 table 129
constexpr std::size_t kBytes = 28;
constexpr std::size_t kUncountedBytes = 4;
using Type = Field<std::uint8_t, 0>;
using Length = Field<std::uint16_t, 2>;
using Source = Field<std::uint16_t, 4>;
using Destination = Field<std::uint16_t, 6>;
using Blocks = Field<std::uint16_t, 10>;
using From = Field<Lba, 12>;
using To = Field<Lba, 20>;
}  // namespace segment_layout

using Header = std::span<const std::byte, header_layout::kBytes>;
using Descriptor = std::span<const std::byte, descriptor_layout::kBytes>;
using Segment = std::span<const std::byte, segment_layout::kBytes>;

std::optional<Sense> refusal(Header header, std::size_t list_bytes) {
  using namespace header_layout;
  const std::uint64_t lists = std::uint64_t{DescriptorsLength::get(header)} + SegmentsLength::get(header);
  if (InlineLength::get(header) != 0) return sense::kInlineDataLengthExceeded;
  if (lists > kMaxCopyListBytes || lists > list_bytes - kBytes) return sense::kParameterListLengthError;
  if (ListIdUsage::get(header) == kReserved) return sense::invalid_parameter(ListIdUsage::kByte);
  if (ListIdUsage::get(header) == kNoListId && ListId::get(header) != 0) return sense::invalid_parameter(ListId::kByte);
  if (DescriptorsLength::get(header) % descriptor_layout::kBytes != 0) {
    return sense::invalid_parameter(DescriptorsLength::kByte);
  }
  if (DescriptorsLength::get(header) / descriptor_layout::kBytes > kMaxCopyDescriptors) {
    return sense::kTooManyTargetDescriptors;
  }
  return std::nullopt;
}

// Whether it names the unit by one of the designators that page 83 tells.
bool names(Descriptor descriptor, const LogicalUnit& unit) {
  using namespace descriptor_layout;
  const std::size_t length = DesignatorLength::get(descriptor);
  if (length > kMaxDesignatorBytes) return false;
  return has_unit_designator(unit, descriptor.subspan(kDesignator, kDesignatorHeaderBytes + length));
}

std::optional<Sense> decode_descriptors(ByteSpan descriptors, const LogicalUnit& unit, CopyList& list) {
  using namespace descriptor_layout;
  for (; !descriptors.empty(); descriptors = descriptors.subspan(kBytes)) {
    const auto descriptor = descriptors.first<kBytes>();
    if (Type::get(descriptor) != kIdentificationDescriptor) return sense::kUnsupportedTargetDescriptor;
    list.is_this_unit.push_back(names(descriptor, unit));
  }
  return std::nullopt;
}

CopySegment decode_segment(Segment segment) {
  using namespace segment_layout;
  return {
      Source::get(segment), Destination::get(segment), {From::get(segment), Blocks::get(segment)}, To::get(segment)};
}

std::optional<Sense> decode_segments(ByteSpan segments, CopyList& list) {
  using namespace segment_layout;
  for (; !segments.empty(); segments = segments.subspan(kBytes)) {
    if (Type::get(segments.first<1>()) != kBlockToBlockSegment) return sense::kUnsupportedSegmentDescriptor;
    if (segments.size() < kBytes) return sense::kParameterListLengthError;
    const auto segment = segments.first<kBytes>();
    if (Length::get(segment) != kBytes - kUncountedBytes) return sense::kInvalidFieldInParameterList;
    if (list.segments.size() == kMaxCopySegments) return sense::kTooManySegmentDescriptors;
    list.segments.push_back(decode_segment(segment));
  }
  return std::nullopt;
}

}  // namespace

std::variant<CopyList, Sense> decode_copy_list(ByteSpan bytes, const LogicalUnit& unit) {
  using namespace header_layout;
  if (bytes.size() < kBytes) return sense::kParameterListLengthError;
  const Header header = bytes.first<kBytes>();
  if (const auto refused = refusal(header, bytes.size())) return *refused;
  CopyList list{.list_id = ListId::get(header), .keeps_result = ListIdUsage::get(header) != kNoListId};
  const std::size_t descriptors = DescriptorsLength::get(header);
  if (const auto wrong = decode_descriptors(bytes.subspan(kBytes, descriptors), unit, list)) return *wrong;
  const auto segments = bytes.subspan(kBytes + descriptors, SegmentsLength::get(header));
  if (const auto wrong = decode_segments(segments, list)) return *wrong;
  return list;
}

}  // namespace shoal::scsi
