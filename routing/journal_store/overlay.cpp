#include "routing/journal_store/overlay.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"

namespace shoal::routing::journal {
namespace {

bool continues(const HomeRun& run, BlockNumber at, std::uint32_t most_blocks) {
  return run.data.size() < most_blocks && run.at.value + run.data.size() == at.value;
}

void append(HomeRun& run, const ChunkKey& key, std::uint32_t block, const Slice& data) {
  if (run.parts.empty() || run.parts.back().chunk != key) run.parts.push_back({key, block, 0});
  ++run.parts.back().count;
  run.data.push_back(data);
}

}  // namespace

void Overlay::put(const ChunkKey& key, ChunkNumber home, std::uint32_t block, Slice data) {
  Chunk& chunk = chunks_[key];
  CHECK(chunk.count == 0 || chunk.home == home, chunk.home.value, home.value);
  chunk.home = home;
  if (chunk.blocks[block].empty()) {
    ++chunk.count;
    ++blocks_;
  }
  chunk.blocks[block] = std::move(data);
}

const Slice* Overlay::find(const ChunkKey& key, std::uint32_t block) const {
  const auto found = chunks_.find(key);
  if (found == chunks_.end() || found->second.blocks[block].empty()) return nullptr;
  return &found->second.blocks[block];
}

void Overlay::erase_block(Chunk& chunk, std::uint32_t block) {
  if (chunk.blocks[block].empty()) return;
  chunk.blocks[block] = {};
  --chunk.count;
  --blocks_;
}

void Overlay::drop(const ChunkKey& key, std::uint16_t blocks) {
  const auto found = chunks_.find(key);
  if (found == chunks_.end()) return;
  for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block) {
    if (blocks >> block & 1) erase_block(found->second, block);
  }
  if (found->second.count == 0) chunks_.erase(found);
}

std::vector<HomeRun> Overlay::runs(std::uint32_t most_blocks) const {
  std::vector<std::pair<ChunkNumber, ChunkKey>> order;
  for (const auto& [key, chunk] : chunks_) order.emplace_back(chunk.home, key);
  std::sort(order.begin(), order.end());
  std::vector<HomeRun> runs;
  for (const auto& [home, key] : order) {
    const Chunk& chunk = chunks_.find(key)->second;
    for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block) {
      if (chunk.blocks[block].empty()) continue;
      const BlockNumber at{first_block(home).value + block};
      if (runs.empty() || !continues(runs.back(), at, most_blocks)) runs.push_back({.at = at});
      append(runs.back(), key, block, chunk.blocks[block]);
    }
  }
  return runs;
}

// A block that got new content since is still to be written.
void Overlay::settle(const HomeRun& run) {
  std::size_t written = 0;
  for (const HomeRun::Part& part : run.parts) {
    const auto found = chunks_.find(part.chunk);
    for (std::uint32_t block = part.first; block < part.first + part.count; ++block, ++written) {
      if (found == chunks_.end()) continue;
      const Slice& now = found->second.blocks[block];
      if (now.bytes().data() == run.data[written].bytes().data()) erase_block(found->second, block);
    }
    if (found != chunks_.end() && found->second.count == 0) chunks_.erase(found);
  }
}

}  // namespace shoal::routing::journal
