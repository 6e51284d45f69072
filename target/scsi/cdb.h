// Where each field of each CDB lies. Names are those of SPC-4 and SBC-3. `Used` lists what the unit looks at: it is
// both the usage map of REPORT SUPPORTED OPERATION CODES and the check of every CDB, in which all other bits must be
// zero. So protection information (no PROTECT), group numbers (no GROUP_SUP), NACA and LINK are refused without a line
// of code.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "target/base/ids.h"
#include "target/base/field.h"

namespace shoal::scsi {

using Cdb = std::array<std::byte, 16>;

enum class Opcode : std::uint8_t {
  test_unit_ready = 0x00,
  request_sense = 0x03,
  read_6 = 0x08,
  write_6 = 0x0a,
  inquiry = 0x12,
  mode_sense_6 = 0x1a,
  read_capacity_10 = 0x25,
  read_10 = 0x28,
  write_10 = 0x2a,
  synchronize_cache_10 = 0x35,
  write_same_10 = 0x41,
  unmap = 0x42,
  mode_sense_10 = 0x5a,
  read_16 = 0x88,
  write_16 = 0x8a,
  synchronize_cache_16 = 0x91,
  write_same_16 = 0x93,
  service_action_in_16 = 0x9e,
  report_luns = 0xa0,
  maintenance_in = 0xa3,
  read_12 = 0xa8,
  write_12 = 0xaa,
};

inline constexpr std::uint8_t kReadCapacity16Action = 0x10;          // of service_action_in_16
inline constexpr std::uint8_t kReportSupportedOpcodesAction = 0x0c;  // of maintenance_in

using OpcodeField = Field<Opcode, 0>;
using ServiceActionField = Bits<std::uint8_t, 1, 0, 5>;

template <class... F>
struct Fields {
  static constexpr Cdb usage() {
    Cdb bits{};
    (F::mark(bits), ...);
    return bits;
  }
};

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

struct ReportLunsCdb {  // SPC-4 6.33
  static constexpr std::size_t kBytes = 12;
  using SelectReport = Field<std::uint8_t, 2>;
  using AllocationLength = Field<std::uint32_t, 6>;
  using Used = Fields<SelectReport, AllocationLength>;
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

struct ReadCapacity10Cdb {  // SBC-3 5.15
  static constexpr std::size_t kBytes = 10;
  using Used = Fields<>;
};

struct ReadCapacity16Cdb {  // SBC-3 5.16
  static constexpr std::size_t kBytes = 16;
  using AllocationLength = Field<std::uint32_t, 10>;
  using Used = Fields<ServiceActionField, AllocationLength>;
};

struct Transfer6Cdb {  // READ(6), WRITE(6): SBC-2 5.5, 5.24
  static constexpr std::size_t kBytes = 6;
  using FirstBlockHigh = Bits<std::uint8_t, 1, 0, 5>;
  using FirstBlockLow = Field<std::uint16_t, 2>;
  using Length = Field<std::uint8_t, 4>;
  using Used = Fields<FirstBlockHigh, FirstBlockLow, Length>;
};

// FUA_NV is obsolete; initiators that know it set it, and it asks for less than FUA.
struct Transfer10Cdb {  // READ(10), WRITE(10): SBC-3 5.11, 5.32
  static constexpr std::size_t kBytes = 10;
  using Dpo = Bits<bool, 1, 4>;
  using Fua = Bits<bool, 1, 3>;
  using FuaNv = Bits<bool, 1, 1>;
  using FirstBlock = Field<Lba, 2, 4>;
  using Length = Field<std::uint16_t, 7>;
  using Used = Fields<Dpo, Fua, FuaNv, FirstBlock, Length>;
};

struct Transfer12Cdb {  // READ(12), WRITE(12): SBC-3 5.12, 5.33
  static constexpr std::size_t kBytes = 12;
  using Dpo = Bits<bool, 1, 4>;
  using Fua = Bits<bool, 1, 3>;
  using FuaNv = Bits<bool, 1, 1>;
  using FirstBlock = Field<Lba, 2, 4>;
  using Length = Field<std::uint32_t, 6>;
  using Used = Fields<Dpo, Fua, FuaNv, FirstBlock, Length>;
};

struct Transfer16Cdb {  // READ(16), WRITE(16): SBC-3 5.13, 5.34
  static constexpr std::size_t kBytes = 16;
  using Dpo = Bits<bool, 1, 4>;
  using Fua = Bits<bool, 1, 3>;
  using FuaNv = Bits<bool, 1, 1>;
  using FirstBlock = Field<Lba, 2, 8>;
  using Length = Field<std::uint32_t, 10>;
  using Used = Fields<Dpo, Fua, FuaNv, FirstBlock, Length>;
};

// IMMED asks for an answer before the end of the work; ours comes after it all the same. SYNC_NV is obsolete.
struct SynchronizeCache10Cdb {  // SBC-3 5.26
  static constexpr std::size_t kBytes = 10;
  using SyncNv = Bits<bool, 1, 2>;
  using Immediate = Bits<bool, 1, 1>;
  using FirstBlock = Field<Lba, 2, 4>;
  using Length = Field<std::uint16_t, 7>;
  using Used = Fields<SyncNv, Immediate, FirstBlock, Length>;
};

struct SynchronizeCache16Cdb {  // SBC-3 5.27
  static constexpr std::size_t kBytes = 16;
  using SyncNv = Bits<bool, 1, 2>;
  using Immediate = Bits<bool, 1, 1>;
  using FirstBlock = Field<Lba, 2, 8>;
  using Length = Field<std::uint32_t, 10>;
  using Used = Fields<SyncNv, Immediate, FirstBlock, Length>;
};

struct WriteSame10Cdb {  // SBC-3 5.42
  static constexpr std::size_t kBytes = 10;
  using Unmap = Bits<bool, 1, 3>;
  using FirstBlock = Field<Lba, 2, 4>;
  using Length = Field<std::uint16_t, 7>;
  using Used = Fields<Unmap, FirstBlock, Length>;
};

struct WriteSame16Cdb {  // SBC-3 5.43
  static constexpr std::size_t kBytes = 16;
  using Unmap = Bits<bool, 1, 3>;
  using NoDataOut = Bits<bool, 1, 0>;  // NDOB: as if the block were zeros
  using FirstBlock = Field<Lba, 2, 8>;
  using Length = Field<std::uint32_t, 10>;
  using Used = Fields<Unmap, NoDataOut, FirstBlock, Length>;
};

struct UnmapCdb {  // SBC-3 5.28
  static constexpr std::size_t kBytes = 10;
  using ParameterListLength = Field<std::uint16_t, 7>;
  using Used = Fields<ParameterListLength>;
};

namespace golden {
inline constexpr Cdb kRead16{std::byte{0x88}, std::byte{0x08}, std::byte{0x01}, std::byte{0x02}, std::byte{0x03},
                             std::byte{0x04}, std::byte{0x05}, std::byte{0x06}, std::byte{0x07}, std::byte{0x08},
                             std::byte{0x0a}, std::byte{0x0b}, std::byte{0x0c}, std::byte{0x0d}};
static_assert(OpcodeField::get(kRead16) == Opcode::read_16);
static_assert(Transfer16Cdb::Fua::get(kRead16) && !Transfer16Cdb::Dpo::get(kRead16));
static_assert(Transfer16Cdb::FirstBlock::get(kRead16) == Lba{0x0102030405060708});
static_assert(Transfer16Cdb::Length::get(kRead16) == 0x0a0b0c0d);
}  // namespace golden

}  // namespace shoal::scsi
