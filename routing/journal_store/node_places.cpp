#include "routing/journal_store/node_places.h"

#include <bit>
#include <utility>

#include "target/base/check.h"

namespace shoal::routing::journal {
namespace {

// A quarter: to fill it is nearly as good as to begin a chunk, and neighbours are still written together.
constexpr int kFewNodes = 4;

std::uint32_t number_of(BlockNumber node) { return chunk_of(node).value; }

std::uint16_t bit_of(BlockNumber node) {
  return block_mask(static_cast<std::uint32_t>(node.value % kBlocksPerChunk), 1);
}

}  // namespace

void NodePlaces::learn(BlockNumber node) { chunks_[number_of(node)].live |= bit_of(node); }

void NodePlaces::complete(ChunkNumber number, std::uint32_t counted) {
  Chunk& chunk = chunks_[number.value];
  const auto known = static_cast<std::uint32_t>(std::popcount(chunk.live));
  chunk.unknown = counted > known ? counted - known : 0;
  file(number.value, chunk);
}

BlockNumber NodePlaces::begin(ChunkNumber number) {
  const auto [at, added] = chunks_.try_emplace(number.value);
  CHECK(added, number.value);
  at->second.live = 1;
  file(number.value, at->second);
  current_ = number.value;
  return first_block(number);
}

std::optional<BlockNumber> NodePlaces::take(bool anywhere) {
  if (current_ && (sparse_.contains(*current_) || partial_.contains(*current_))) return take_in(*current_);
  if (!sparse_.empty()) return take_in(*sparse_.begin());
  if (anywhere && !partial_.empty()) return take_in(*partial_.begin());
  return std::nullopt;
}

std::optional<BlockNumber> NodePlaces::take_in_emptied() {
  if (emptied_.empty()) return std::nullopt;
  return take_in(*emptied_.begin());
}

BlockNumber NodePlaces::take_in(std::uint32_t number) {
  Chunk& chunk = chunks_.at(number);
  const auto place =
      static_cast<std::uint32_t>(std::countr_one(static_cast<std::uint16_t>(chunk.live | chunk.leaving)));
  chunk.live |= block_mask(place, 1);
  current_ = number;
  file(number, chunk);
  return {first_block({number}).value + place};
}

void NodePlaces::free(BlockNumber node) {
  const auto at = chunks_.find(number_of(node));
  if (at == chunks_.end() || (at->second.live & bit_of(node)) == 0) return;  // as a damaged space map says
  Chunk& chunk = at->second;
  if (chunk.leaving == 0) left_.push_back(at->first);
  chunk.live &= static_cast<std::uint16_t>(~bit_of(node));
  chunk.leaving |= bit_of(node);
  ++leaving_;
  file(at->first, chunk);
}

std::vector<ChunkNumber> NodePlaces::frees_are_durable() {
  std::vector<ChunkNumber> empty;
  for (const std::uint32_t number : std::exchange(left_, {})) {
    Chunk& chunk = chunks_.at(number);
    chunk.leaving = 0;
    file(number, chunk);
    if (chunk.live != 0 || chunk.unknown > 0) continue;
    if (current_ == number) current_.reset();
    chunks_.erase(number);
    empty.push_back({number});
  }
  leaving_ = 0;
  return empty;
}

std::uint32_t NodePlaces::live(ChunkNumber chunk) const {
  const auto at = chunks_.find(chunk.value);
  if (at == chunks_.end()) return 0;
  return static_cast<std::uint32_t>(std::popcount(at->second.live)) + at->second.unknown;
}

// A chunk that nothing lives in is given back as a whole, so nodes go elsewhere while they can. But its places count:
// it may be the checkpoint itself that takes the last nodes out of it, and that was begun because of them.
void NodePlaces::file(std::uint32_t number, Chunk& chunk) {
  const int taken = std::popcount(static_cast<std::uint16_t>(chunk.live | chunk.leaving));
  const bool open = taken > 0 && chunk.unknown == 0;
  const std::uint32_t room = open ? kBlocksPerChunk - static_cast<std::uint32_t>(taken) : 0;
  holes_ += room;
  holes_ -= std::exchange(chunk.room, room);
  for (auto* set : {&sparse_, &partial_, &emptied_}) set->erase(number);
  if (room > 0) (chunk.live == 0 ? emptied_ : taken <= kFewNodes ? sparse_ : partial_).insert(number);
}

}  // namespace shoal::routing::journal
