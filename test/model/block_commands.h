// Commands that read and write blocks (SBC-3 and SBC-4), as CDBs.
#pragma once

#include "test/model/command.h"

namespace model {

constexpr std::size_t kBlock = 512;

Command read10(std::uint64_t lba, std::uint64_t blocks);
Command read16(std::uint64_t lba, std::uint64_t blocks);
Command write10(std::uint64_t lba, Bytes data);
Command write16(std::uint64_t lba, Bytes data);
Command write_and_verify16(std::uint64_t lba, Bytes data);
Command write_atomic16(std::uint64_t lba, Bytes data);
Command orwrite16(std::uint64_t lba, Bytes data);
Command compare_and_write(std::uint64_t lba, const Bytes& expected, const Bytes& replacement);
Command verify16(std::uint64_t lba, std::uint64_t blocks);  // BYTCHK 00b: the medium is read
Command verify_data16(std::uint64_t lba, Bytes data);       // BYTCHK 01b: compared with `data`
Command write_same16(std::uint64_t lba, std::uint64_t blocks, Bytes block);
Command zero_same16(std::uint64_t lba, std::uint64_t blocks);  // NDOB
struct Extent {
  std::uint64_t lba = 0, blocks = 0;
};
Command unmap(const std::vector<Extent>& extents);
Command synchronize_cache();

Command vital_product_data(std::uint8_t page);
Command read_capacity16();

// EXTENDED COPY (LID1), one segment from block device to block device, both the unit that `designator` (VPD 83) names.
Command extended_copy(const Bytes& designator, std::uint64_t from, std::uint64_t to, std::uint64_t blocks);

}  // namespace model
