#include "target/scsi/target_port_groups.h"

#include <algorithm>

#include "target/scsi/identity.h"
#include "target/scsi/primary_cdb.h"

namespace shoal::scsi {

namespace {

enum class ParameterFormat : std::uint8_t { length_only = 0, extended = 1 };

namespace header_layout {  // SPC-4 tables 283, 284
constexpr std::size_t kBytes = 4, kExtendedBytes = 8;
using ReturnDataLength = Field<std::uint32_t, 0>;
using Format = Bits<ParameterFormat, 4, 4, 3>;  // in the extended one
}  // namespace header_layout

namespace group_layout {  // SPC-4 tables 285, 289: a group of one port
constexpr std::size_t kBytes = 12;
using State = Bits<std::uint8_t, 0, 0, 4>;
using ActiveOptimizedSupported = Bits<bool, 1, 0>;
using Group = Field<std::uint16_t, 2>;
using PortCount = Field<std::uint8_t, 7>;
using RelativePort = Field<std::uint16_t, 10>;
}  // namespace group_layout

std::array<std::byte, group_layout::kBytes> only_group() {
  using namespace group_layout;
  constexpr std::uint8_t kActiveOptimized = 0;
  std::array<std::byte, kBytes> group{};
  State::put(group, kActiveOptimized);
  ActiveOptimizedSupported::put(group, true);
  Group::put(group, kTargetPortGroup);
  PortCount::put(group, 1);
  RelativePort::put(group, kRelativeTargetPort);
  return group;
}

// The length counts what follows it.
template <std::size_t kHeaderBytes>
CommandResult report(ParameterFormat format, std::uint32_t allocation_length) {
  using namespace header_layout;
  const auto group = only_group();
  std::array<std::byte, kHeaderBytes + group.size()> data{};
  ReturnDataLength::put(data, static_cast<std::uint32_t>(data.size() - ReturnDataLength::kWidth));
  if (format == ParameterFormat::extended) Format::put(data, format);
  std::copy(group.begin(), group.end(), data.begin() + kHeaderBytes);
  return good(data, allocation_length);
}

}  // namespace

Answer report_target_port_groups(CommandContext& command) {
  using Layout = ReportTargetPortGroupsCdb;
  const Cdb& cdb = command.request.cdb;
  const ParameterFormat format{Layout::ParameterDataFormat::get(cdb)};
  const std::uint32_t allocation_length = Layout::AllocationLength::get(cdb);
  switch (format) {
    case ParameterFormat::length_only: return report<header_layout::kBytes>(format, allocation_length);
    case ParameterFormat::extended: return report<header_layout::kExtendedBytes>(format, allocation_length);
  }
  return check_condition(sense::invalid<Layout::ParameterDataFormat>());
}

}  // namespace shoal::scsi
