// The CDBs of SPC-4: commands of any kind of unit.
#pragma once

#include "target/ports/unit_state.h"
#include "target/scsi/cdb.h"

namespace shoal::scsi {

struct TestUnitReadyCdb {  // SPC-4 6.47
  static constexpr std::size_t kBytes = 6;
  using Used = Fields<>;
};

struct RequestSenseCdb {  // SPC-4 6.39
  static constexpr std::size_t kBytes = 6;
  using Descriptor = Bits<bool, 1, 0>;
  using AllocationLength = Field<std::uint8_t, 4>;
  using Used = Fields<Descriptor, AllocationLength>;
};

struct InquiryCdb {  // SPC-4 6.6
  static constexpr std::size_t kBytes = 6;
  using VitalProductData = Bits<bool, 1, 0>;
  using PageCode = Field<std::uint8_t, 2>;
  using AllocationLength = Field<std::uint16_t, 3>;
  using Used = Fields<VitalProductData, PageCode, AllocationLength>;
};

// RESERVE and RELEASE: third parties and extents are refused, so of the CDB nothing is looked at.
struct Reserve6Cdb {  // RESERVE(6), RELEASE(6): SPC-2 7.22, 7.18
  static constexpr std::size_t kBytes = 6;
  using Used = Fields<>;
};

struct Reserve10Cdb {  // RESERVE(10), RELEASE(10): SPC-2 7.21, 7.17
  static constexpr std::size_t kBytes = 10;
  using Used = Fields<>;
};

// DevOffL and UnitOffL allow what the default self-test does not do. There are no diagnostic pages and no other tests.
struct SendDiagnosticCdb {  // SPC-4 6.42
  static constexpr std::size_t kBytes = 6;
  using PageFormat = Bits<bool, 1, 4>;
  using SelfTest = Bits<bool, 1, 2>;
  using DeviceOffline = Bits<bool, 1, 1>;
  using UnitOffline = Bits<bool, 1, 0>;
  using Used = Fields<PageFormat, SelfTest, DeviceOffline, UnitOffline>;
};

// Page control: a page of lists is the same whatever values are asked for. Nothing is saved (SP), and no page has so
// many parameters that one could begin behind the first (parameter pointer).
struct LogSenseCdb {  // SPC-4 6.8
  static constexpr std::size_t kBytes = 10;
  using PageControl = Bits<std::uint8_t, 2, 6, 2>;
  using PageCode = Bits<std::uint8_t, 2, 0, 6>;
  using SubpageCode = Field<std::uint8_t, 3>;
  using AllocationLength = Field<std::uint16_t, 7>;
  using Used = Fields<PageControl, PageCode, SubpageCode, AllocationLength>;
};

// Nothing is saved (SP), and there is no going back to defaults (RTD) but by giving them.
struct ModeSelect6Cdb {  // SPC-4 6.9
  static constexpr std::size_t kBytes = 6;
  using PageFormat = Bits<bool, 1, 4>;
  using ParameterListLength = Field<std::uint8_t, 4>;
  using Used = Fields<PageFormat, ParameterListLength>;
};

struct ModeSelect10Cdb {  // SPC-4 6.10
  static constexpr std::size_t kBytes = 10;
  using PageFormat = Bits<bool, 1, 4>;
  using ParameterListLength = Field<std::uint16_t, 7>;
  using Used = Fields<PageFormat, ParameterListLength>;
};

struct ModeSense6Cdb {  // SPC-4 6.11
  static constexpr std::size_t kBytes = 6;
  using DisableBlockDescriptors = Bits<bool, 1, 3>;
  using PageControl = Bits<std::uint8_t, 2, 6, 2>;
  using PageCode = Bits<std::uint8_t, 2, 0, 6>;
  using SubpageCode = Field<std::uint8_t, 3>;
  using AllocationLength = Field<std::uint8_t, 4>;
  using Used = Fields<DisableBlockDescriptors, PageControl, PageCode, SubpageCode, AllocationLength>;
};

struct ModeSense10Cdb {  // SPC-4 6.12
  static constexpr std::size_t kBytes = 10;
  using LongLbaAccepted = Bits<bool, 1, 4>;  // allows long block descriptors; we send short ones all the same
  using DisableBlockDescriptors = Bits<bool, 1, 3>;
  using PageControl = Bits<std::uint8_t, 2, 6, 2>;
  using PageCode = Bits<std::uint8_t, 2, 0, 6>;
  using SubpageCode = Field<std::uint8_t, 3>;
  using AllocationLength = Field<std::uint16_t, 7>;
  using Used = Fields<LongLbaAccepted, DisableBlockDescriptors, PageControl, PageCode, SubpageCode, AllocationLength>;
};

struct PersistentReserveInCdb {  // SPC-4 6.15
  static constexpr std::size_t kBytes = 10;
  using AllocationLength = Field<std::uint16_t, 7>;
  using Used = Fields<ServiceActionField, AllocationLength>;
};

struct PersistentReserveOutCdb {  // SPC-4 6.16
  static constexpr std::size_t kBytes = 10;
  using Scope = Bits<std::uint8_t, 2, 4, 4>;
  using Type = Bits<ReservationType, 2, 0, 4>;
  using ParameterListLength = Field<std::uint32_t, 5>;
  using Used = Fields<ServiceActionField, Scope, Type, ParameterListLength>;
};

struct ExtendedCopyCdb {  // SPC-4 6.4
  static constexpr std::size_t kBytes = 16;
  using ParameterListLength = Field<std::uint32_t, 10>;
  using Used = Fields<ServiceActionField, ParameterListLength>;
};

struct ReceiveCopyResultsCdb {  // SPC-4 6.20
  static constexpr std::size_t kBytes = 16;
  using ListId = Field<std::uint8_t, 2>;
  using AllocationLength = Field<std::uint32_t, 10>;
  using Used = Fields<ServiceActionField, ListId, AllocationLength>;
};

struct ReportLunsCdb {  // SPC-4 6.33
  static constexpr std::size_t kBytes = 12;
  using SelectReport = Field<std::uint8_t, 2>;
  using AllocationLength = Field<std::uint32_t, 6>;
  using Used = Fields<SelectReport, AllocationLength>;
};

struct ReportTargetPortGroupsCdb {  // SPC-4 6.37
  static constexpr std::size_t kBytes = 12;
  using ParameterDataFormat = Bits<std::uint8_t, 1, 5, 3>;
  using AllocationLength = Field<std::uint32_t, 6>;
  using Used = Fields<ServiceActionField, ParameterDataFormat, AllocationLength>;
};

struct ReportTaskFunctionsCdb {  // SPC-4 6.36
  static constexpr std::size_t kBytes = 12;
  using ReturnExtended = Bits<bool, 2, 7>;
  using AllocationLength = Field<std::uint32_t, 6>;
  using Used = Fields<ServiceActionField, ReturnExtended, AllocationLength>;
};

struct ReportSupportedOpcodesCdb {  // SPC-4 6.35
  static constexpr std::size_t kBytes = 12;
  using ReturnTimeouts = Bits<bool, 2, 7>;
  using ReportingOptions = Bits<std::uint8_t, 2, 0, 3>;
  using RequestedOpcode = Field<Opcode, 3>;
  using RequestedServiceAction = Field<std::uint16_t, 4>;
  using AllocationLength = Field<std::uint32_t, 6>;
  using Used = Fields<ServiceActionField, ReturnTimeouts, ReportingOptions, RequestedOpcode, RequestedServiceAction,
                      AllocationLength>;
};

}  // namespace shoal::scsi
