// The bytes of a journal store (format.md), each place once. Little-endian; for the codecs of this folder only. Bytes
// without a name are zero.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "routing/journal_store/geometry.h"
#include "routing/journal_store/node.h"
#include "routing/journal_store/superblock.h"
#include "routing/little_endian_fields.h"

namespace shoal::routing::journal {

// Where a node lies: its block, its CRC, 4 bytes without a name.
template <std::size_t Offset>
struct Reference {
  using At = Number<BlockNumber, Offset>;
  using Crc = Number<std::uint32_t, Offset + 8>;
  using Unused = Number<std::uint32_t, Offset + 12>;
  static constexpr std::size_t kEnd = Unused::kEnd;
  static NodeRef get(ByteSpan at) { return {At::get(at), Crc::get(at)}; }
  static void put(MutableByteSpan at, const NodeRef& ref) {
    At::put(at, ref.at);
    Crc::put(at, ref.crc);
    Unused::put(at, 0);
  }
};

// In the place of a reference that is nowhere: the highest version of what was below it; {}: there is none.
template <std::size_t Offset>
struct EmptiedReference {
  using TheEpoch = Number<Epoch, Offset>;
  using Seq = Number<std::uint64_t, Offset + 4>;
  using IsEmptied = Number<std::uint32_t, Offset + 12>;  // 1; 0 in a reference
  static constexpr std::size_t kEnd = IsEmptied::kEnd;
  static Version get(ByteSpan at) {
    return IsEmptied::get(at) == 1 ? Version{TheEpoch::get(at), Seq::get(at)} : Version{};
  }
  static void put(MutableByteSpan at, const Version& version) {
    TheEpoch::put(at, version.epoch);
    Seq::put(at, version.seq);
    IsEmptied::put(at, version == Version{} ? 0 : 1);
  }
};

// clang-format off
namespace superblock_layout {
using Magic         = Number<std::uint64_t, 0>;    // "shoaljs\n"
using FormatVersion = Number<std::uint32_t, 8>;
using DeviceChunks  = Number<std::uint32_t, 12>;
using Store         = Bytes<StoreId, 16>;
using Group         = Bytes<GroupId, 32>;
using Checkpoint    = Number<std::uint64_t, 48>;
using JournalChunks = Number<std::uint32_t, 56>;
using ReplayBlock   = Number<std::uint32_t, 60>;
using ReplaySeq     = Number<std::uint64_t, 64>;
using PreviousCrc   = Number<std::uint32_t, 72>;
using Catalog       = Reference<80>;
using CatalogBytes  = Number<std::uint64_t, 96>;
using Space         = Reference<104>;
using FirstSeq      = Number<std::uint64_t, 120>;
using Chain         = Bytes<ChainId, 128>;
using NextChain     = Bytes<ChainId, 144>;
// All in the first sector of 512 bytes, which a device writes as a whole: a superblock is there or not, never torn.
using Crc           = Number<std::uint32_t, 508>;  // CRC32C of all before it, in every version of the format
inline constexpr std::size_t kCrcAt = 508;
inline constexpr std::uint64_t kMagic = 0x0a736a6c616f6873;
inline constexpr std::uint32_t kFormatVersion = 1;
static_assert(Crc::kEnd == 512);
}  // namespace superblock_layout

namespace frame_layout {
using Magic       = Number<std::uint64_t, 0>;   // "shoaljf\n"
using Chain       = Bytes<ChainId, 8>;
using Checkpoint  = Number<std::uint64_t, 24>;
using Seq         = Number<std::uint64_t, 32>;
using DurableSeq  = Number<std::uint64_t, 40>;
using PreviousCrc = Number<std::uint32_t, 48>;
using Blocks      = Number<std::uint32_t, 52>;  // of the whole frame
using RecordBytes = Number<std::uint32_t, 56>;
using HeadCrc     = Number<std::uint32_t, 60>;  // CRC32C of all other bytes of the head's blocks
inline constexpr std::size_t kCrcAt = 60;
inline constexpr std::size_t kHeaderBytes = 64;
inline constexpr std::uint64_t kMagic = 0x0a666a6c616f6873;
static_assert(HeadCrc::kEnd == kHeaderBytes);
}  // namespace frame_layout

namespace record_layout {
using Kind            = Number<std::uint8_t, 0>;
using Unused          = Bytes<std::array<std::uint8_t, 3>, 1>;
using Part            = Number<std::uint32_t, 4>;
using Image           = Number<ImageId, 8>;
using Page            = Number<PageIndex, 16>;
using FirstBlock      = Number<std::uint32_t, 24>;
using Blocks          = Number<std::uint32_t, 28>;
using Home            = Number<ChunkNumber, 32>;
using TheEpoch        = Number<Epoch, 36>;
using Seq             = Number<std::uint64_t, 40>;
using Nexus           = Bytes<NexusId, 48>;
using TheGeneration   = Number<Generation, 64>;
using Operation       = Number<OperationId, 72>;
using LowestUnfinished = Number<OperationId, 80>;
using Attempt         = Number<std::uint32_t, 88>;
using PageBytes       = Number<std::uint32_t, 92>;
using TextBytes       = Number<std::uint32_t, 96>;
inline constexpr std::size_t kFixedBytes = 100;  // CRCs or text follow
static_assert(TextBytes::kEnd == kFixedBytes);
}  // namespace record_layout

namespace node_layout {
using Magic      = Number<std::uint64_t, 0>;  // "shoaljn\n"
using Kind       = Number<std::uint8_t, 8>;
using Level      = Number<std::uint8_t, 9>;
using Unused     = Bytes<std::array<std::uint8_t, 6>, 10>;
using Image      = Number<ImageId, 16>;
using Index      = Number<std::uint64_t, 24>;
using Store      = Bytes<StoreId, 32>;
using Checkpoint = Number<std::uint64_t, 48>;
using UnusedToo  = Number<std::uint64_t, 56>;
inline constexpr std::uint64_t kMagic = 0x0a6e6a6c616f6873;
static_assert(UnusedToo::kEnd == kNodeHeaderBytes);
}  // namespace node_layout

namespace child_layout {
using Child   = Reference<0>;
using Emptied = EmptiedReference<0>;
inline constexpr std::size_t kBytes = 16;
static_assert(Child::kEnd == kBytes && kChildren * kBytes == kNodeBodyBytes);
}  // namespace child_layout

namespace chunk_layout {
using Chunk    = Number<ChunkNumber, 0>;
using Written  = Number<std::uint16_t, 4>;
using Lost     = Number<std::uint16_t, 6>;
using TheEpoch = Number<Epoch, 8>;
using Seq      = Number<std::uint64_t, 12>;
inline constexpr std::size_t kCrcsAt = Seq::kEnd;
inline constexpr std::size_t kBytes = 84;
static_assert(kCrcsAt + kBlocksPerChunk * 4 == kBytes && kChunksPerLeaf * kBytes == kNodeBodyBytes);
}  // namespace chunk_layout

namespace catalog_layout {
using Magic    = Number<std::uint64_t, 0>;  // "shoaljc\n"
using Images   = Number<std::uint32_t, 8>;
using Promises = Number<std::uint32_t, 12>;
inline constexpr std::size_t kBytes = 16;   // images follow, then promises
inline constexpr std::uint64_t kMagic = 0x0a636a6c616f6873;
static_assert(Promises::kEnd == kBytes);
}  // namespace catalog_layout

namespace image_layout {
using Image     = Number<ImageId, 0>;
using Chunks    = Number<std::uint64_t, 8>;
using Root      = Reference<16>;
using Emptied   = EmptiedReference<16>;
using PageBytes = Number<std::uint32_t, 32>;
using TextBytes = Number<std::uint32_t, 36>;
using RootLevel = Number<std::uint8_t, 40>;
using Dropped   = Number<std::uint8_t, 41>;  // 0 or 1
inline constexpr std::size_t kBytes = 44;    // text follows
}  // namespace image_layout

namespace promise_layout {
using Kind          = Number<std::uint32_t, 0>;  // JournalKind: promise, voided or fence
using Attempt       = Number<std::uint32_t, 4>;
using Image         = Number<ImageId, 8>;
using Page          = Number<PageIndex, 16>;
using Nexus         = Bytes<NexusId, 24>;
using TheGeneration = Number<Generation, 40>;
using TheEpoch      = Number<Epoch, 48>;
inline constexpr std::size_t kBytes = 52;
static_assert(TheEpoch::kEnd == kBytes);
}  // namespace promise_layout
// clang-format on

// The first bytes of what is left. nullopt: it is shorter.
inline std::optional<ByteSpan> take(ByteSpan& rest, std::size_t bytes) {
  if (rest.size() < bytes) return std::nullopt;
  const ByteSpan taken = rest.first(bytes);
  rest = rest.subspan(bytes);
  return taken;
}

inline bool all_zero(ByteSpan bytes) {
  return std::ranges::all_of(bytes, [](std::byte each) { return each == std::byte{0}; });
}

}  // namespace shoal::routing::journal
