#include "routing/journal_store/overlay.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"

namespace shoal::routing::journal {

void Overlay::put(const ChunkKey& key, ChunkNumber home, std::uint32_t block, Slice data) {
  Chunk& chunk = chunks_[key];
  CHECK(chunk.blocks.empty() || chunk.home == home, chunk.home.value, home.value);
  chunk.home = home;
  const auto at = std::ranges::lower_bound(chunk.blocks, block, {}, &Block::number);
  if (at != chunk.blocks.end() && at->number == block) {
    at->data = std::move(data);
  } else {
    chunk.blocks.insert(at, {block, std::move(data)});
    ++blocks_;
  }
}

const Slice* Overlay::find(const ChunkKey& key, std::uint32_t block) const {
  const auto found = chunks_.find(key);
  if (found == chunks_.end()) return nullptr;
  const auto at = std::ranges::find(found->second.blocks, block, &Block::number);
  return at == found->second.blocks.end() ? nullptr : &at->data;
}

void Overlay::erase_if(const ChunkKey& key, auto is_to_go) {
  const auto found = chunks_.find(key);
  if (found == chunks_.end()) return;
  auto& blocks = found->second.blocks;
  const auto gone = std::remove_if(blocks.begin(), blocks.end(), is_to_go);
  blocks_ -= static_cast<std::uint64_t>(blocks.end() - gone);
  blocks.erase(gone, blocks.end());
  if (blocks.empty()) chunks_.erase(found);
}

void Overlay::drop(const ChunkKey& key, std::uint16_t blocks) {
  erase_if(key, [blocks](const Block& block) { return (blocks >> block.number & 1) != 0; });
}

void Overlay::settle(const HomeBlock& written) {
  erase_if(written.chunk, [&written](const Block& block) {
    return block.number == written.block && block.data.bytes().data() == written.data.bytes().data();
  });
}

std::vector<HomeBlock> Overlay::blocks() const {
  std::vector<HomeBlock> all;
  all.reserve(blocks_);
  for (const auto& [key, chunk] : chunks_) {
    for (const Block& block : chunk.blocks) {
      all.push_back({{first_block(chunk.home).value + block.number}, key, block.number, block.data});
    }
  }
  std::ranges::sort(all, {}, &HomeBlock::at);
  return all;
}

}  // namespace shoal::routing::journal
