// Where each field of mode parameter lists lies, in MODE SENSE data and in MODE SELECT lists (SPC-4 7.5.5 to 7.5.7;
// SBC-3 6.5.2).
#pragma once

#include "target/base/field.h"

namespace shoal::scsi {

struct ModeHeader6 {  // SPC-4 table 454
  static constexpr std::size_t kBytes = 4;
  using ModeDataLength = Field<std::size_t, 0, 1>;
  using MediumType = Field<std::uint8_t, 1>;
  using WriteProtect = Bits<bool, 2, 7>;
  using DpoFua = Bits<bool, 2, 4>;
  using BlockDescriptorLength = Field<std::size_t, 3, 1>;
};

struct ModeHeader10 {  // SPC-4 table 455
  static constexpr std::size_t kBytes = 8;
  using ModeDataLength = Field<std::size_t, 0, 2>;
  using MediumType = Field<std::uint8_t, 2>;
  using WriteProtect = Bits<bool, 3, 7>;
  using DpoFua = Bits<bool, 3, 4>;
  using LongLba = Bits<bool, 4, 0>;
  using BlockDescriptorLength = Field<std::size_t, 6, 2>;
};

struct ModeBlockDescriptor {  // SBC-3 6.5.2.2, short LBA
  static constexpr std::size_t kBytes = 8;
  static constexpr std::uint32_t kAsManyAsThereAre = 0xffffffff;
  using Blocks = Field<std::uint32_t, 0>;
  using BlockLength = Field<std::uint32_t, 5, 3>;
};

struct ModeSubpageHeader {  // SPC-4 7.5.7, sub_page format; it begins as that of page_0 does
  static constexpr std::size_t kBytes = 4;
  using SubpageCode = Field<std::uint8_t, 1>;
  using PageLength = Field<std::uint16_t, 2>;
};

struct ModePageHeader {  // SPC-4 7.5.7, page_0 format
  static constexpr std::size_t kBytes = 2;
  using Subpages = Bits<bool, 0, 6>;
  using PageCode = Bits<std::uint8_t, 0, 0, 6>;
  using PageLength = Field<std::uint8_t, 1>;
};

}  // namespace shoal::scsi
