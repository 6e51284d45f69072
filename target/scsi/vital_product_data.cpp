#include "target/scsi/vital_product_data.h"

#include "target/base/field.h"
#include "target/scsi/designators.h"
#include "target/scsi/limits.h"

namespace shoal::scsi {

namespace {

using PageBytes = std::vector<std::byte>;  // what follows the header

namespace header_layout {
constexpr std::size_t kBytes = 4;
using PageCode = Field<std::uint8_t, 1>;
using PageLength = Field<std::uint16_t, 2>;
}  // namespace header_layout

// The layouts of pages count from the page's first byte, as the standards do.
namespace extended_inquiry_layout {  // SPC-4 7.8.7
constexpr std::size_t kBytes = 64;
using HeadOfQueue = Bits<bool, 5, 2>;
using Ordered = Bits<bool, 5, 1>;
using Simple = Bits<bool, 5, 0>;
using VolatileCache = Bits<bool, 6, 0>;
}  // namespace extended_inquiry_layout

namespace policy_layout {  // SPC-4 table 632, a descriptor
constexpr std::size_t kBytes = 4;
using PageCode = Bits<std::uint8_t, 0, 0, 6>;
using SubpageCode = Field<std::uint8_t, 1>;
using Policy = Bits<std::uint8_t, 2, 0, 2>;
}  // namespace policy_layout

namespace block_limits_layout {  // SBC-3 6.6.4
constexpr std::size_t kBytes = 64;
using WriteSameNonZero = Bits<bool, 4, 0>;  // 0: WRITE SAME of zero blocks goes to the unit's end
using MaximumCompareAndWriteLength = Field<std::uint8_t, 5>;
using TransferGranularity = Field<std::uint16_t, 6>;
using MaximumTransferLength = Field<std::uint32_t, 8>;
using MaximumUnmapBlocks = Field<std::uint32_t, 20>;
using MaximumUnmapDescriptors = Field<std::uint32_t, 24>;
using UnmapGranularity = Field<std::uint32_t, 28>;
using UnmapAlignmentValid = Bits<bool, 32, 7>;  // the alignment itself is 0
using MaximumWriteSameLength = Field<std::uint64_t, 36>;
using MaximumAtomicLength = Field<std::uint32_t, 44>;
using AtomicAlignment = Field<std::uint32_t, 48>;
using AtomicGranularity = Field<std::uint32_t, 52>;
}  // namespace block_limits_layout

namespace characteristics_layout {  // SBC-3 6.6.2
constexpr std::size_t kBytes = 64;
using RotationRate = Field<std::uint16_t, 4>;
using AfterBlockErase = Bits<std::uint8_t, 7, 6, 2>;  // WABEREQ
constexpr std::uint8_t kReadsSucceed = 1;
}  // namespace characteristics_layout

namespace provisioning_layout {  // SBC-3 6.6.7
constexpr std::size_t kBytes = 8;
using ThresholdExponent = Field<std::uint8_t, 4>;
using UnmapSupported = Bits<bool, 5, 7>;
using WriteSame16Unmaps = Bits<bool, 5, 6>;
using WriteSame10Unmaps = Bits<bool, 5, 5>;
using ReadsZeros = Bits<bool, 5, 2>;
using ProvisioningType = Bits<std::uint8_t, 6, 0, 3>;
using ThresholdPercentage = Field<std::uint8_t, 7>;
}  // namespace provisioning_layout

template <std::size_t N>
PageBytes without_header(const std::array<std::byte, N>& page) {
  return {page.begin() + header_layout::kBytes, page.end()};
}

PageBytes supported_pages(const LogicalUnit& unit);

PageBytes serial_number(const LogicalUnit& unit) {
  const ByteSpan serial = as_bytes(unit.identity.serial);
  return {serial.begin(), serial.end()};
}

PageBytes extended_inquiry(const LogicalUnit& unit) {
  using namespace extended_inquiry_layout;
  std::array<std::byte, kBytes> page{};
  HeadOfQueue::put(page, true);
  Ordered::put(page, true);
  Simple::put(page, true);
  VolatileCache::put(page, unit.write_cache);
  return without_header(page);
}

// One descriptor stands for all pages.
PageBytes mode_page_policy(const LogicalUnit&) {
  using namespace policy_layout;
  constexpr std::uint8_t kAllPages = 0x3f, kAllSubpages = 0xff, kShared = 0;
  std::array<std::byte, kBytes> policy{};
  PageCode::put(policy, kAllPages);
  SubpageCode::put(policy, kAllSubpages);
  Policy::put(policy, kShared);
  return {policy.begin(), policy.end()};
}

PageBytes block_limits(const LogicalUnit& unit) {
  using namespace block_limits_layout;
  std::array<std::byte, kBytes> page{};
  WriteSameNonZero::put(page, false);
  TransferGranularity::put(page, kPhysicalBlockBytes / kBlockBytes);
  MaximumTransferLength::put(page, kMaxTransferBlocks);
  MaximumWriteSameLength::put(page, kMaxWriteSameBlocks);
  MaximumCompareAndWriteLength::put(page, kMaxCompareAndWriteBlocks);
  MaximumAtomicLength::put(page, kUntornBlocks);
  AtomicAlignment::put(page, kUntornBlocks);
  AtomicGranularity::put(page, kUntornBlocks);
  if (unit.thin) {
    MaximumUnmapBlocks::put(page, kMaxUnmapBlocks);
    MaximumUnmapDescriptors::put(page, kMaxUnmapDescriptors);
    UnmapGranularity::put(page, unit.unmap_granularity_blocks);
    UnmapAlignmentValid::put(page, true);
  }
  return without_header(page);
}

PageBytes block_device_characteristics(const LogicalUnit& unit) {
  using namespace characteristics_layout;
  constexpr std::uint16_t kDoesNotRotate = 1;
  std::array<std::byte, kBytes> page{};
  RotationRate::put(page, kDoesNotRotate);
  if (unit.thin) AfterBlockErase::put(page, kReadsSucceed);  // others have no BLOCK ERASE
  return without_header(page);
}

PageBytes logical_block_provisioning(const LogicalUnit& unit) {
  using namespace provisioning_layout;
  constexpr std::uint8_t kThin = 2;
  std::array<std::byte, kBytes> page{};
  if (unit.thin) {
    ThresholdExponent::put(page, kThresholdExponent);
    UnmapSupported::put(page, true);
    WriteSame16Unmaps::put(page, true);
    WriteSame10Unmaps::put(page, true);
    ReadsZeros::put(page, true);
    ProvisioningType::put(page, kThin);
    if (unit.threshold_percent > 0) ThresholdPercentage::put(page, kThresholdPercentage);
  }
  return without_header(page);
}

// What EXTENDED COPY is made of, in words of its own (SPC-4 7.8.17); the limits are RECEIVE COPY RESULTS'.
PageBytes third_party_copy(const LogicalUnit&) {
  constexpr std::uint8_t kCopy = 0x83, kResults = 0x84;
  constexpr std::uint8_t kContent[] = {
      0x00, 0x01,  0,    12,                                                              // supported commands
      8,    kCopy, 1,    0x00, kResults, 3, 0x00, 0x03, 0x04, 0, 0, 0, 0x00, 0x08, 0, 4,  // supported descriptors
      2,    0x02,  0xe4, 0,
  };
  const ByteSpan bytes = std::as_bytes(std::span(kContent));
  return {bytes.begin(), bytes.end()};
}

struct PageEntry {
  std::uint8_t code;
  PageBytes (*make)(const LogicalUnit&);
};

constexpr PageEntry kPages[] = {
    {0x00, supported_pages},
    {0x80, serial_number},
    {0x83, device_identification},
    {0x86, extended_inquiry},
    {0x87, mode_page_policy},
    {0x88, scsi_ports},
    {0x8f, third_party_copy},
    {0xb0, block_limits},
    {0xb1, block_device_characteristics},
    {0xb2, logical_block_provisioning},
};

// SPC-4 7.8.19: in ascending order.
PageBytes supported_pages(const LogicalUnit&) {
  PageBytes codes;
  for (const PageEntry& page : kPages) codes.push_back(std::byte{page.code});
  return codes;
}

Slice with_header(std::uint8_t code, const PageBytes& content) {
  using namespace header_layout;
  MutableByteSpan page;
  Slice slice = Slice::fresh(kBytes + content.size(), page);
  const auto header = page.first<kBytes>();
  std::fill(header.begin(), header.end(), std::byte{0});
  PageCode::put(header, code);
  PageLength::put(header, static_cast<std::uint16_t>(content.size()));
  std::copy(content.begin(), content.end(), page.begin() + kBytes);
  return slice;
}

}  // namespace

std::optional<Slice> vital_product_data_page(std::uint8_t code, const LogicalUnit& unit) {
  for (const PageEntry& page : kPages) {
    if (page.code == code) return with_header(code, page.make(unit));
  }
  return std::nullopt;
}

}  // namespace shoal::scsi
