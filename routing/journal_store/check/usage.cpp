#include "routing/journal_store/check/usage.h"

#include <bit>

#include "routing/journal_store/space.h"

namespace shoal::routing::journal {

Usage::Usage(std::uint32_t device_chunks, std::uint32_t journal_chunks)
    : first_(kJournalChunk.value + journal_chunks), data_(device_chunks), nodes_(device_chunks) {}

Claim Usage::add_data(ChunkNumber chunk) {
  if (!is_free_to_use(chunk)) return Claim::outside;
  if (nodes_[chunk.value] != 0) return Claim::mixed;
  std::uint8_t& uses = data_[chunk.value];
  if (uses == kMaxUses) return Claim::again;
  return ++uses == 1 ? Claim::granted : Claim::again;
}

Claim Usage::add_node(BlockNumber block) {
  const ChunkNumber chunk = chunk_of(block);
  if (block.value >= std::uint64_t{chunks()} * kBlocksPerChunk || !is_free_to_use(chunk)) return Claim::outside;
  if (data_[chunk.value] != 0) return Claim::mixed;
  const std::uint16_t bit = block_mask(static_cast<std::uint32_t>(block.value % kBlocksPerChunk), 1);
  if ((nodes_[chunk.value] & bit) != 0) return Claim::again;
  nodes_[chunk.value] |= bit;
  return Claim::granted;
}

std::uint8_t Usage::uses(ChunkNumber chunk) const {
  if (chunk.value < first_) return kOwnChunk;
  const std::uint16_t nodes = nodes_[chunk.value];
  if (nodes == 0) return data_[chunk.value];
  return static_cast<std::uint8_t>(kNodeChunk + std::popcount(nodes));
}

}  // namespace shoal::routing::journal
