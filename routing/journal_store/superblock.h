// Superblock: what a store is, and where its newest checkpoint and the journal behind it begin (format.md). Each
// checkpoint writes two copies, in the chunk that the checkpoint before it did not use; so one lost or damaged write
// costs nothing, and a checkpoint that was broken off leaves the one before it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "routing/journal_store/geometry.h"
#include "target/base/bytes.h"
#include "target/base/ids.h"
#include "target/base/result.h"

namespace shoal::routing::journal {

// Of one opening of the store: random, known to nobody outside. Frames carry it, so no data that a host writes are
// taken for a frame, and no frame of an earlier opening for one of this.
using ChainId = Id128<struct ChainTag>;

// A node of a tree, named by its parent: where it lies, and the CRC32C of its 4 KiB.
struct NodeRef {
  BlockNumber at;  // 0: there is none, everything below was never written
  std::uint32_t crc = 0;
  bool operator==(const NodeRef&) const = default;
};
// Instead of a node that could not be read any more, when the store was repaired: everything below is lost, and reads
// as a medium error until it is written again.
inline constexpr NodeRef kLostNode{.at = {}, .crc = 1};

// Of checkpoints and frames that are read. No store comes so far; whoever counts on from there does not wrap around.
inline constexpr std::uint64_t kMaxSequence = std::uint64_t{1} << 62;

// The end of what a checkpoint holds, and so the first frame to replay.
struct JournalPosition {
  std::uint32_t block = 0;         // of the ring
  std::uint64_t seq = 1;           // that the frame there must have
  std::uint32_t previous_crc = 0;  // and the head CRC of the frame before it, which it repeats
  bool operator==(const JournalPosition&) const = default;
};

struct Superblock {
  StoreId store;
  GroupId group;                    // zero: it has served none yet
  std::uint64_t checkpoint = 0;     // counts up
  std::uint32_t device_chunks = 0;  // of the device that are in use: a file grows, a device may be larger
  std::uint32_t journal_chunks = 0;
  JournalPosition replay;
  NodeRef catalog;
  std::uint64_t catalog_bytes = 0;
  NodeRef space;
  std::uint64_t first_seq = 1;  // above every version's seq in the checkpoint
  ChainId chain;                // of the frames behind this checkpoint
  ChainId next_chain;           // of those that the next opening writes, behind a checkpoint of its own
  bool operator==(const Superblock&) const = default;
};

inline constexpr std::size_t kSuperblockCopies = 2;
// Where checkpoint n lies: both in chunk n % 2.
std::array<BlockNumber, kSuperblockCopies> superblock_places(std::uint64_t checkpoint);
inline constexpr std::size_t kSuperblockPlaces = 4;
std::array<BlockNumber, kSuperblockPlaces> all_superblock_places();

enum class SuperblockFault : std::uint8_t {
  foreign,  // not of a store
  newer,    // of a version that this one does not know
  damaged,
};

void encode(const Superblock& superblock, MutableByteSpan block);  // kBlock bytes, of a superblock that can be
Result<Superblock, SuperblockFault> decode_superblock(ByteSpan block);

}  // namespace shoal::routing::journal
