// A stamped block: 4 KiB whose content says what it is, so that a reader can tell a lost, torn, misplaced or old write.
//
//   offset  size  little-endian
//        0     8  magic "SHOALBLK"
//        8     8  block number (LBA / 8)
//       16     8  writer
//       24     8  operation id of that writer, from 1
//       32  4060  bytes that follow from the four numbers
//     4092     4  CRC32C of all before it
#pragma once

#include <cstdint>
#include <optional>

#include "target/base/bytes.h"

namespace shoal {

inline constexpr std::size_t kStampBytes = 4096;

struct Stamp {
  std::uint64_t block = 0;
  std::uint64_t writer = 0;
  std::uint64_t operation = 0;  // 0: never written, the block is all zeros
  bool operator==(const Stamp&) const = default;
};

void write_stamp(MutableByteSpan block, const Stamp& stamp);  // block: kStampBytes

// nullopt: torn, or not a stamped block. All zeros give operation 0.
std::optional<Stamp> read_stamp(ByteSpan block);

}  // namespace shoal
