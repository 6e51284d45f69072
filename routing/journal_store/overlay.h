// Overlay: blocks that are durable in the journal and not yet in their place ("home"). Reads take them from here. Pure.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <vector>

#include "routing/journal_store/chunk_trees.h"
#include "target/base/slice.h"

namespace shoal::routing::journal {

// A block on its way home.
struct HomeBlock {
  BlockNumber at;
  ChunkKey chunk;
  std::uint32_t block = 0;  // of the chunk
  Slice data;
};

class Overlay {
 public:
  // The newest content of a block, kBlock bytes at an aligned address.
  void put(const ChunkKey& key, ChunkNumber home, std::uint32_t block, Slice data);
  const Slice* find(const ChunkKey& key, std::uint32_t block) const;
  void drop(const ChunkKey& key, std::uint16_t blocks);

  std::uint64_t bytes() const { return blocks_ * kBlock; }
  bool has(const ChunkKey& key) const { return chunks_.contains(key); }

  // Everything that is here, in order of places.
  std::vector<HomeBlock> blocks() const;
  // It is home: a block that got new content since stays here.
  void settle(const HomeBlock& written);

 private:
  struct Block {
    std::uint32_t number = 0;
    Slice data;
  };
  // Where writes are scattered there is one block in most chunks.
  struct Chunk {
    ChunkNumber home;
    boost::container::small_vector<Block, 1> blocks;  // in order
  };

  void erase_if(const ChunkKey& key, auto is_to_go);

  boost::unordered_flat_map<ChunkKey, Chunk, ChunkKeyHash> chunks_;  // sorted where it is listed
  std::uint64_t blocks_ = 0;
};

}  // namespace shoal::routing::journal
