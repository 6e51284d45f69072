// Usage: who uses which chunk of the device, counted from the trees; what the space map should say. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "routing/journal_store/geometry.h"

namespace shoal::routing::journal {

enum class Claim : std::uint8_t {
  granted,
  outside,  // no chunk that data or nodes may have
  again,    // it is used already by something else of that kind; the claim is counted
  mixed,    // data and nodes in one chunk; not counted
};

class Usage {
 public:
  Usage(std::uint32_t device_chunks, std::uint32_t journal_chunks);

  Claim add_data(ChunkNumber chunk);
  Claim add_node(BlockNumber block);

  std::uint32_t chunks() const { return static_cast<std::uint32_t>(data_.size()); }
  std::uint8_t uses(ChunkNumber chunk) const;  // as the space map has it
  std::uint16_t nodes(ChunkNumber chunk) const { return nodes_[chunk.value]; }  // a bit for each block with a node

 private:
  bool is_free_to_use(ChunkNumber chunk) const { return chunk.value >= first_ && chunk.value < chunks(); }

  std::uint32_t first_;               // behind the journal
  std::vector<std::uint8_t> data_;    // uses by data
  std::vector<std::uint16_t> nodes_;  // a bit for each block with a node
};

}  // namespace shoal::routing::journal
