#include "target/scsi/mode_pages.h"

#include "target/scsi/mode_layout.h"

namespace shoal::scsi {

namespace {

constexpr std::uint8_t kErrorRecovery = 0x01, kCaching = 0x08, kControl = 0x0a, kExceptions = 0x1c;
constexpr std::uint8_t kProvisioningSubpage = 0x02;

namespace error_recovery_layout {  // SBC-3 6.5.8
constexpr std::size_t kBytes = 12;
using ProvisioningErrors = Bits<bool, 7, 7>;  // LBPERE
}  // namespace error_recovery_layout

namespace caching_layout {  // SBC-3 6.5.5
constexpr std::size_t kBytes = 20;
using WriteCacheEnabled = Bits<bool, 2, 2>;
}  // namespace caching_layout

namespace control_layout {  // SPC-4 7.5.10
constexpr std::size_t kBytes = 12;
using TaskSetType = Bits<std::uint8_t, 2, 5, 3>;
using TaskAbortedStatus = Bits<bool, 5, 6>;
using DescriptorSense = Bits<bool, 2, 2>;
using GlobalLogSaveDisable = Bits<bool, 2, 1>;
using QueueAlgorithm = Bits<std::uint8_t, 3, 4, 4>;
using SoftwareWriteProtect = Bits<bool, 4, 3>;
using BusyTimeoutPeriod = Field<std::uint16_t, 8>;
}  // namespace control_layout

namespace exceptions_layout {  // SPC-4 7.5.14
constexpr std::size_t kBytes = 12;
using DisableExceptions = Bits<bool, 2, 3>;
}  // namespace exceptions_layout

namespace provisioning_layout {  // SBC-3 6.5.7, with one threshold descriptor
constexpr std::size_t kBytes = kThresholdDescriptorByte + 8;
using Enabled = Bits<bool, kThresholdDescriptorByte, 7>;
using ThresholdType = Bits<std::uint8_t, kThresholdDescriptorByte, 3, 3>;
using ThresholdResource = Field<std::uint8_t, kThresholdDescriptorByte + 1>;
using ThresholdCount = Field<std::uint32_t, kThresholdDescriptorByte + 4>;
}  // namespace provisioning_layout

template <std::size_t N>
std::array<std::byte, N> empty_page(std::uint8_t code) {
  std::array<std::byte, N> page{};
  ModePageHeader::PageCode::put(page, code);
  ModePageHeader::PageLength::put(page, N - ModePageHeader::kBytes);
  return page;
}

template <std::size_t N>
ModeBytes bytes_of(const std::array<std::byte, N>& page) {
  return {page.begin(), page.end()};
}

// Whoever is to hear of thresholds does.
ModeBytes error_recovery(std::uint8_t code, PageControl control, const LogicalUnit&) {
  using namespace error_recovery_layout;
  auto page = empty_page<kBytes>(code);
  if (control != PageControl::changeable) ProvisioningErrors::put(page, true);
  return bytes_of(page);
}

ModeBytes caching(std::uint8_t code, PageControl control, const LogicalUnit& unit) {
  using namespace caching_layout;
  auto page = empty_page<kBytes>(code);
  if (control != PageControl::changeable) WriteCacheEnabled::put(page, unit.write_cache);
  return bytes_of(page);
}

ModeParameters shared_parameters(PageControl control, const LogicalUnit& unit) {
  switch (control) {
    case PageControl::current: return unit.state->view().mode;
    case PageControl::changeable: return {.descriptor_sense = true, .software_write_protect = true};
    default: return {};
  }
}

ModeBytes control_page(std::uint8_t code, PageControl control, const LogicalUnit& unit) {
  using namespace control_layout;
  constexpr std::uint8_t kTaskSetPerNexus = 1;  // the nexus' member orders its tasks; nobody orders them over nexuses
  constexpr std::uint8_t kUnrestrictedReordering = 1;
  constexpr std::uint16_t kBusyWithoutLimit = 0xffff;
  auto page = empty_page<kBytes>(code);
  const ModeParameters shared = shared_parameters(control, unit);
  DescriptorSense::put(page, shared.descriptor_sense);
  SoftwareWriteProtect::put(page, shared.software_write_protect);
  if (control != PageControl::changeable) {
    TaskSetType::put(page, kTaskSetPerNexus);
    TaskAbortedStatus::put(page, true);  // tasks that another nexus ends are answered, so that their host need not wait
    GlobalLogSaveDisable::put(page, true);
    QueueAlgorithm::put(page, kUnrestrictedReordering);
    BusyTimeoutPeriod::put(page, kBusyWithoutLimit);
  }
  return bytes_of(page);
}

ModeBytes exceptions(std::uint8_t code, PageControl control, const LogicalUnit&) {
  using namespace exceptions_layout;
  auto page = empty_page<kBytes>(code);
  if (control != PageControl::changeable) DisableExceptions::put(page, true);
  return bytes_of(page);
}

// Every nexus is told (SITUA = 0) when what the fullest of the unit's stores has available comes down to so many
// percent (an armed decreasing threshold).
ModeBytes provisioning(std::uint8_t code, PageControl control, const LogicalUnit& unit) {
  using namespace provisioning_layout;
  constexpr std::uint8_t kPercentage = 1, kAvailablePercentage = 3;
  std::array<std::byte, kBytes> page{};
  ModePageHeader::Subpages::put(page, true);
  ModePageHeader::PageCode::put(page, code);
  ModeSubpageHeader::SubpageCode::put(page, kProvisioningSubpage);
  ModeSubpageHeader::PageLength::put(page, kBytes - ModeSubpageHeader::kBytes);
  if (control == PageControl::changeable || !unit.thin || unit.threshold_percent == 0) return bytes_of(page);
  Enabled::put(page, true);
  ThresholdType::put(page, kPercentage);
  ThresholdResource::put(page, kAvailablePercentage);
  ThresholdCount::put(page, 100u - unit.threshold_percent);
  return bytes_of(page);
}

constexpr ModePage kPages[] = {{kErrorRecovery, 0, error_recovery},
                               {kCaching, 0, caching},
                               {kControl, 0, control_page},
                               {kExceptions, 0, exceptions},
                               {kExceptions, kProvisioningSubpage, provisioning}};

}  // namespace

std::span<const ModePage> mode_pages() { return kPages; }

void take_mode_page(ByteSpan page, ModeParameters& parameters) {
  using namespace control_layout;
  if (ModePageHeader::PageCode::get(page.first<ModePageHeader::kBytes>()) != kControl) return;
  parameters.descriptor_sense = DescriptorSense::get(page.first<kBytes>());
  parameters.software_write_protect = SoftwareWriteProtect::get(page.first<kBytes>());
}

}  // namespace shoal::scsi
