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
  if (!current_ || chunks_.at(*current_).room == 0) {
    if (!sparse_.empty()) {
      current_ = *sparse_.begin();
    } else if (anywhere && !partial_.empty()) {
      current_ = *partial_.begin();
    } else {
      return std::nullopt;
    }
  }
  Chunk& chunk = chunks_.at(*current_);
  const auto place =
      static_cast<std::uint32_t>(std::countr_one(static_cast<std::uint16_t>(chunk.live | chunk.leaving)));
  chunk.live |= block_mask(place, 1);
  file(*current_, chunk);
  return BlockNumber{first_block({*current_}).value + place};
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

// A chunk that nothing lives in is given back as a whole and gets no node before.
void NodePlaces::file(std::uint32_t number, Chunk& chunk) {
  const int taken = std::popcount(static_cast<std::uint16_t>(chunk.live | chunk.leaving));
  const bool open = chunk.live != 0 && chunk.unknown == 0;
  const std::uint32_t room = open ? kBlocksPerChunk - static_cast<std::uint32_t>(taken) : 0;
  holes_ += room;
  holes_ -= std::exchange(chunk.room, room);
  sparse_.erase(number);
  partial_.erase(number);
  if (room > 0) (taken <= kFewNodes ? sparse_ : partial_).insert(number);
}

}  // namespace shoal::routing::journal
