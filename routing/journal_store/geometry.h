// Sizes and places on the device of a journal store (format.md).
#pragma once

#include <bit>
#include <cstdint>

#include "routing/page.h"
#include "target/base/ids.h"

namespace shoal::routing::journal {

inline constexpr std::uint32_t kBlock = kPhysicalBlockBytes;            // what is checked by one CRC
inline constexpr std::uint32_t kBlocksPerChunk = kChunkBytes / kBlock;  // 16
inline constexpr std::uint32_t kMaxChunksPerPage = kMaxPageBytes / kChunkBytes;

// Of the device, from its beginning. Chunk 0 and 1 hold the superblocks, so 0 says "nowhere".
using BlockNumber = Strong<struct StoreBlockTag, std::uint64_t>;
using ChunkNumber = Strong<struct StoreChunkTag, std::uint32_t>;

constexpr std::uint64_t byte_of(BlockNumber block) { return block.value * kBlock; }
constexpr std::uint64_t byte_of(ChunkNumber chunk) { return std::uint64_t{chunk.value} * kChunkBytes; }
constexpr BlockNumber first_block(ChunkNumber chunk) { return {std::uint64_t{chunk.value} * kBlocksPerChunk}; }
constexpr ChunkNumber chunk_of(BlockNumber block) {
  return {static_cast<std::uint32_t>(block.value / kBlocksPerChunk)};
}

// Blocks [first, first + count) of one chunk as bits.
constexpr std::uint16_t block_mask(std::uint32_t first, std::uint32_t count) {
  return static_cast<std::uint16_t>(((std::uint32_t{1} << count) - 1) << first);
}

inline constexpr ChunkNumber kJournalChunk{2};                             // where the journal begins
constexpr BlockNumber block_of_ring(std::uint32_t block) { return {first_block(kJournalChunk).value + block}; }
inline constexpr std::uint32_t kMinJournalChunks = 16;                     // 1 MiB: a quarter holds the largest commit
inline constexpr std::uint32_t kMaxJournalChunks = 65536;                  // 4 GiB
inline constexpr std::uint32_t kMaxDeviceChunks = std::uint32_t{1} << 31;  // 128 TiB

// Whether data or nodes may lie there in any store: above the superblocks and the shortest journal.
constexpr bool is_in_space(ChunkNumber chunk) {
  return chunk.value >= kJournalChunk.value + kMinJournalChunks && chunk.value < kMaxDeviceChunks;
}

constexpr bool is_page_size(std::uint32_t bytes) {
  return std::has_single_bit(bytes) && bytes >= kMinPageBytes && bytes <= kMaxPageBytes;
}

}  // namespace shoal::routing::journal
