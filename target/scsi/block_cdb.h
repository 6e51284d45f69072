// The CDBs of SBC-3: commands of a disk.
#pragma once

#include "target/scsi/cdb.h"

namespace shoal::scsi {

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

// IMMED asks for an answer before the end of the work; ours comes after it all the same. Power conditions and LOEJ (the
// medium is fixed) are refused.
struct StartStopUnitCdb {  // SBC-3 5.25
  static constexpr std::size_t kBytes = 6;
  using Immediate = Bits<bool, 1, 0>;
  using NoFlush = Bits<bool, 4, 2>;
  using Start = Bits<bool, 4, 0>;
  using Used = Fields<Immediate, NoFlush, Start>;
};

struct PreventAllowMediumRemovalCdb {  // SBC-3 5.10
  static constexpr std::size_t kBytes = 6;
  using Prevent = Bits<bool, 4, 0>;
  using Used = Fields<Prevent>;
};

struct ReadDefectData10Cdb {  // SBC-3 5.17
  static constexpr std::size_t kBytes = 10;
  using PrimaryList = Bits<bool, 2, 4>;
  using GrownList = Bits<bool, 2, 3>;
  using Format = Bits<std::uint8_t, 2, 0, 3>;
  using AllocationLength = Field<std::uint16_t, 7>;
  using Used = Fields<PrimaryList, GrownList, Format, AllocationLength>;
};

struct ReadDefectData12Cdb {  // SBC-3 5.18
  static constexpr std::size_t kBytes = 12;
  using PrimaryList = Bits<bool, 1, 4>;
  using GrownList = Bits<bool, 1, 3>;
  using Format = Bits<std::uint8_t, 1, 0, 3>;
  using FirstDescriptor = Field<std::uint32_t, 2>;  // any is beyond the end of an empty list
  using AllocationLength = Field<std::uint32_t, 6>;
  using Used = Fields<PrimaryList, GrownList, Format, FirstDescriptor, AllocationLength>;
};

// BYTCHK: what the blocks are compared with.
enum class ByteCheck : std::uint8_t {
  medium = 0,     // nothing: that they can be read
  data = 1,       // as many blocks of data
  one_block = 3,  // one block of data, with each of them; VERIFY only
};

struct Verify10Cdb {  // VERIFY(10), WRITE AND VERIFY(10): SBC-3 5.29, 5.36
  static constexpr std::size_t kBytes = 10;
  using Dpo = Bits<bool, 1, 4>;
  using Check = Bits<ByteCheck, 1, 1, 2>;
  using FirstBlock = Field<Lba, 2, 4>;
  using Length = Field<std::uint16_t, 7>;
  using Used = Fields<Dpo, Check, FirstBlock, Length>;
};

struct Verify12Cdb {  // SBC-3 5.30, 5.37
  static constexpr std::size_t kBytes = 12;
  using Dpo = Bits<bool, 1, 4>;
  using Check = Bits<ByteCheck, 1, 1, 2>;
  using FirstBlock = Field<Lba, 2, 4>;
  using Length = Field<std::uint32_t, 6>;
  using Used = Fields<Dpo, Check, FirstBlock, Length>;
};

struct Verify16Cdb {  // SBC-3 5.31, 5.38
  static constexpr std::size_t kBytes = 16;
  using Dpo = Bits<bool, 1, 4>;
  using Check = Bits<ByteCheck, 1, 1, 2>;
  using FirstBlock = Field<Lba, 2, 8>;
  using Length = Field<std::uint32_t, 10>;
  using Used = Fields<Dpo, Check, FirstBlock, Length>;
};

struct CompareAndWriteCdb {  // SBC-3 5.2
  static constexpr std::size_t kBytes = 16;
  using Dpo = Bits<bool, 1, 4>;
  using Fua = Bits<bool, 1, 3>;
  using FuaNv = Bits<bool, 1, 1>;
  using FirstBlock = Field<Lba, 2, 8>;
  using Length = Field<std::uint8_t, 13>;
  using Used = Fields<Dpo, Fua, FuaNv, FirstBlock, Length>;
};

struct WriteAtomic16Cdb {  // SBC-4 5.49
  static constexpr std::size_t kBytes = 16;
  using Dpo = Bits<bool, 1, 4>;
  using Fua = Bits<bool, 1, 3>;
  using FirstBlock = Field<Lba, 2, 8>;
  using Length = Field<std::uint16_t, 12>;
  using Used = Fields<Dpo, Fua, FirstBlock, Length>;
};

// Groups count what no page of ours reports, so any may be named.
struct Prefetch10Cdb {  // SBC-3 5.9
  static constexpr std::size_t kBytes = 10;
  using Immediate = Bits<bool, 1, 1>;
  using FirstBlock = Field<Lba, 2, 4>;
  using GroupNumber = Bits<std::uint8_t, 6, 0, 6>;
  using Length = Field<std::uint16_t, 7>;
  using Used = Fields<Immediate, FirstBlock, GroupNumber, Length>;
};

struct Prefetch16Cdb {  // SBC-3 5.10
  static constexpr std::size_t kBytes = 16;
  using Immediate = Bits<bool, 1, 1>;
  using FirstBlock = Field<Lba, 2, 8>;
  using Length = Field<std::uint32_t, 10>;
  using GroupNumber = Bits<std::uint8_t, 14, 0, 6>;
  using Used = Fields<Immediate, FirstBlock, Length, GroupNumber>;
};

struct GetLbaStatusCdb {  // SBC-3 5.5
  static constexpr std::size_t kBytes = 16;
  using FirstBlock = Field<Lba, 2, 8>;
  using AllocationLength = Field<std::uint32_t, 10>;
  using Used = Fields<ServiceActionField, FirstBlock, AllocationLength>;
};

// FMTPINFO (protection information) is refused, and so are lists of defects: there are none.
struct FormatUnitCdb {  // SBC-3 5.4
  static constexpr std::size_t kBytes = 6;
  using LongList = Bits<bool, 1, 5>;
  using FormatData = Bits<bool, 1, 4>;
  using CompleteList = Bits<bool, 1, 3>;
  using DefectListFormat = Bits<std::uint8_t, 1, 0, 3>;
  using Used = Fields<LongList, FormatData, CompleteList, DefectListFormat>;
};

struct SanitizeCdb {  // SBC-3 5.24
  static constexpr std::size_t kBytes = 10;
  using Immediate = Bits<bool, 1, 7>;
  using AllowExit = Bits<bool, 1, 5>;  // AUSE
  using ParameterListLength = Field<std::uint16_t, 7>;
  using Used = Fields<Immediate, AllowExit, ServiceActionField, ParameterListLength>;
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
