// What one command may ask of a unit. VPD page B0 tells initiators; what exceeds it is CHECK CONDITION 24/00 or 26/00.
#pragma once

#include <cstddef>
#include <cstdint>

#include "target/base/ids.h"

namespace shoal::scsi {

inline constexpr std::uint32_t kMaxTransferBlocks = (32u << 20) / kBlockBytes;  // READ, WRITE
inline constexpr std::uint32_t kMaxUnmapBlocks = 1u << 20;                      // all descriptors together
inline constexpr std::uint32_t kMaxUnmapDescriptors = 256;
inline constexpr std::uint64_t kMaxWriteSameBlocks = (std::uint64_t{2} << 30) / kBlockBytes;

// COMPARE AND WRITE: as much as is compared, and again as much to write. The owners of the pages hold its range between
// two rounds where it crosses a border.
inline constexpr std::uint32_t kMaxCompareAndWriteBlocks = (64u << 10) / kBlockBytes;

// Parameter list of PERSISTENT RESERVE OUT, TransportIDs included: more than a hundred of the longest.
inline constexpr std::size_t kMaxReserveOutListBytes = 32u << 10;

// WRITE ATOMIC: as much as B0 promises, which is what a store never tears whatever happens to its machine; and as much
// as is taken. All of it is atomic against every other command, and no more is promised of it than of a WRITE when an
// owner dies under way: hosts that keep to B0 (SBC-4 has us refuse what is longer) lose nothing by it.
inline constexpr std::uint32_t kUntornBlocks = kPhysicalBlockBytes / kBlockBytes;
inline constexpr std::uint32_t kMaxAtomicBlocks = (128u << 10) / kBlockBytes;

// Logical block provisioning: the unit in which its log page counts, of 2^n blocks (1 MiB).
inline constexpr std::uint8_t kThresholdExponent = 11;
// And how many percent a threshold in percent is wide: it is armed again half of that above its middle.
inline constexpr std::uint8_t kThresholdPercentage = 10;

// GET LBA STATUS: what one answer may hold, and how often the device is asked for it.
inline constexpr std::uint32_t kMaxLbaStatusDescriptors = 4096;
inline constexpr std::uint32_t kMaxLbaStatusRounds = 64;

// EXTENDED COPY: descriptors and segments of one list and the bytes of both; what a segment can name; blocks that are
// read, and then written, at once; results that are kept for a nexus.
inline constexpr std::uint16_t kMaxCopyDescriptors = 4;
inline constexpr std::uint16_t kMaxCopySegments = 64;
inline constexpr std::uint32_t kMaxCopyListBytes = 2048;
inline constexpr std::uint32_t kMaxCopySegmentBytes = 0xffff * kBlockBytes;
inline constexpr std::uint64_t kCopyPieceBlocks = (4u << 20) / kBlockBytes;
inline constexpr std::uint8_t kMaxCopyResults = 16;

// FORMAT UNIT, SANITIZE: blocks of one operation that writes no data; and how often one is tried that others abort, or
// the end is told while the keeper of the unit's state is out of reach.
inline constexpr std::uint64_t kMediumStepBlocks = (64u << 20) / kBlockBytes;
inline constexpr unsigned kMaxMediumTries = 64;

// WRITE SAME of a pattern becomes writes of this size, whose data are one buffer, repeated.
inline constexpr std::uint32_t kPatternBufferBytes = 256u << 10;
inline constexpr std::uint32_t kPatternWriteBlocks = (4u << 20) / kBlockBytes;

// Data of reads that may be held, being read or to be sent; a read that would exceed it waits (read_budget.h). A nexus
// alone comes to a quarter of what all may hold: twice what Linux has outstanding (128 commands of 512 KiB), so that
// only who does not take answers meets it.
inline constexpr std::uint64_t kMaxHeldReadBytesOfAll = 512u << 20;
inline constexpr std::uint64_t kMaxHeldReadBytes = kMaxHeldReadBytesOfAll / 4;
inline constexpr std::uint64_t kMinHeldReadBytesOfAll = 3ull * kMaxTransferBlocks * kBlockBytes;
static_assert(2ull * kMaxTransferBlocks * kBlockBytes <= kMinHeldReadBytesOfAll / 4 * 3,
              "every read begins at the latest when it is alone");
// What each session may always hold, where so much is allotted to it: enough for the reads of a file system that is
// not read ahead.
inline constexpr std::uint64_t kMaxAllottedReadBytes = 64u << 10;

inline constexpr std::size_t kOperationsAtOnce = 8;    // of one command
inline constexpr std::size_t kMaxUnitAttentions = 16;  // waiting, of one nexus

}  // namespace shoal::scsi
