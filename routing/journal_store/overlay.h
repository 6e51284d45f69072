// Overlay: blocks that are durable in the journal and not yet in their place ("home"). Reads take them from here. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "routing/journal_store/chunk_trees.h"
#include "target/base/slice.h"

namespace shoal::routing::journal {

// Blocks that lie side by side on the device, to be written by one write.
struct HomeRun {
  struct Part {
    ChunkKey chunk;
    std::uint32_t first = 0, count = 0;  // blocks of the chunk
  };
  BlockNumber at;
  std::vector<Part> parts;
  Slices data;  // one a block
};

class Overlay {
 public:
  // The newest content of a block, kBlock bytes at an aligned address.
  void put(const ChunkKey& key, ChunkNumber home, std::uint32_t block, Slice data);
  const Slice* find(const ChunkKey& key, std::uint32_t block) const;
  void drop(const ChunkKey& key, std::uint16_t blocks);

  std::uint64_t bytes() const { return blocks_ * kBlock; }
  bool has(const ChunkKey& key) const { return chunks_.contains(key); }

  // Everything that is here, in order of places, in runs of at most so many blocks. Until its settle() a run's chunks
  // are being written: what changes there meanwhile stays.
  std::vector<HomeRun> runs(std::uint32_t most_blocks) const;
  void settle(const HomeRun& run);

 private:
  struct Chunk {
    ChunkNumber home;
    std::array<Slice, kBlocksPerChunk> blocks;
    std::uint32_t count = 0;
  };
  struct KeyHash {
    std::size_t operator()(const ChunkKey& key) const noexcept {
      const std::uint64_t mixed = (key.image.value * 0x9e3779b97f4a7c15u) ^ key.index;
      return static_cast<std::size_t>((mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93u);
    }
  };

  void erase_block(Chunk& chunk, std::uint32_t block);

  std::unordered_map<ChunkKey, Chunk, KeyHash> chunks_;  // sorted where it is listed
  std::uint64_t blocks_ = 0;
};

}  // namespace shoal::routing::journal
