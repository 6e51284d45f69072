// The CDBs of SBC-3: commands of a disk.
#pragma once

#include "target/scsi/cdb.h"

namespace shoal::scsi {

// What a CDB of that many bytes names its blocks with, and where.
template <std::size_t Bytes>
struct BlocksIn;
template <>
struct BlocksIn<10> {
  using FirstBlock = Field<Lba, 2, 4>;
  using Length = Field<std::uint16_t, 7>;
};
template <>
struct BlocksIn<12> {
  using FirstBlock = Field<Lba, 2, 4>;
  using Length = Field<std::uint32_t, 6>;
};
template <>
struct BlocksIn<16> {
  using FirstBlock = Field<Lba, 2, 8>;
  using Length = Field<std::uint32_t, 10>;
};

// The form of a CDB in each of its sizes; `More` are the fields that it has beside its blocks.
template <std::size_t Bytes, class... More>
struct BlockCdb : BlocksIn<Bytes> {
  static constexpr std::size_t kBytes = Bytes;
  using Used = Fields<More..., typename BlocksIn<Bytes>::FirstBlock, typename BlocksIn<Bytes>::Length>;
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

using DpoBit = Bits<bool, 1, 4>;
using FuaBit = Bits<bool, 1, 3>;
using FuaNvBit = Bits<bool, 1, 1>;  // obsolete; initiators that know it set it, and it asks for less than FUA

template <std::size_t Bytes>  // READ, WRITE: SBC-3 5.11 to 5.13, 5.32 to 5.34
struct TransferCdb : BlockCdb<Bytes, DpoBit, FuaBit, FuaNvBit> {
  using Fua = FuaBit;
};
using Transfer10Cdb = TransferCdb<10>;
using Transfer12Cdb = TransferCdb<12>;
using Transfer16Cdb = TransferCdb<16>;

// IMMED asks for an answer before the end of the work; ours comes after it all the same. SYNC_NV is obsolete.
using SyncNvBit = Bits<bool, 1, 2>;
using ImmediateBit = Bits<bool, 1, 1>;
template <std::size_t Bytes>  // SBC-3 5.26, 5.27
using SynchronizeCacheCdb = BlockCdb<Bytes, SyncNvBit, ImmediateBit>;
using SynchronizeCache10Cdb = SynchronizeCacheCdb<10>;
using SynchronizeCache16Cdb = SynchronizeCacheCdb<16>;

template <std::size_t Bytes, class... More>  // SBC-3 5.42, 5.43
struct WriteSameCdb : BlockCdb<Bytes, Bits<bool, 1, 3>, More...> {
  using Unmap = Bits<bool, 1, 3>;
};
using WriteSame10Cdb = WriteSameCdb<10>;
struct WriteSame16Cdb : WriteSameCdb<16, Bits<bool, 1, 0>> {
  using NoDataOut = Bits<bool, 1, 0>;  // NDOB: as if the block were zeros
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

template <std::size_t Bytes>  // VERIFY, WRITE AND VERIFY: SBC-3 5.29 to 5.31, 5.36 to 5.38
struct VerifyCdb : BlockCdb<Bytes, DpoBit, Bits<ByteCheck, 1, 1, 2>> {
  using Check = Bits<ByteCheck, 1, 1, 2>;
};
using Verify10Cdb = VerifyCdb<10>;
using Verify12Cdb = VerifyCdb<12>;
using Verify16Cdb = VerifyCdb<16>;

struct CompareAndWriteCdb {  // SBC-3 5.2
  static constexpr std::size_t kBytes = 16;
  using Fua = FuaBit;
  using FirstBlock = Field<Lba, 2, 8>;
  using Length = Field<std::uint8_t, 13>;
  using Used = Fields<DpoBit, FuaBit, FuaNvBit, FirstBlock, Length>;
};

struct WriteAtomic16Cdb {  // SBC-4 5.49
  static constexpr std::size_t kBytes = 16;
  using Fua = FuaBit;
  using FirstBlock = Field<Lba, 2, 8>;
  using Length = Field<std::uint16_t, 12>;
  using Used = Fields<DpoBit, FuaBit, FirstBlock, Length>;
};

// SBC-3 5.9, 5.10. Groups count what no page of ours reports, so any may be named.
using Prefetch10Cdb = BlockCdb<10, ImmediateBit, Bits<std::uint8_t, 6, 0, 6>>;
using Prefetch16Cdb = BlockCdb<16, ImmediateBit, Bits<std::uint8_t, 14, 0, 6>>;

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
static_assert(Transfer16Cdb::Fua::get(kRead16));
static_assert(Transfer16Cdb::FirstBlock::get(kRead16) == Lba{0x0102030405060708});
static_assert(Transfer16Cdb::Length::get(kRead16) == 0x0a0b0c0d);
}  // namespace golden

}  // namespace shoal::scsi
