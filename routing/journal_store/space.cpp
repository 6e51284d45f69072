#include "routing/journal_store/space.h"

#include <algorithm>

#include "routing/journal_store/node.h"
#include "target/base/check.h"

namespace shoal::routing::journal {
namespace {

constexpr std::uint32_t kPlentyShare = 16;  // of the device that is free

}  // namespace

Space::Space(std::uint32_t device_chunks, std::uint32_t journal_chunks)
    : Space(std::vector<std::uint8_t>(device_chunks, std::uint8_t{0})) {
  for (std::uint32_t chunk = 0; chunk < kJournalChunk.value + journal_chunks; ++chunk) set({chunk}, kOwnChunk);
  for (std::uint64_t leaf = 0; leaf * kBytesPerLeaf < device_chunks; ++leaf) changed_leaves_.insert(leaf);
}

bool is_sound_space(const std::vector<std::uint8_t>& uses, std::uint32_t journal_chunks) {
  const std::size_t own = kJournalChunk.value + journal_chunks;
  if (uses.size() <= own) return false;
  for (std::size_t chunk = 0; chunk < uses.size(); ++chunk) {
    if ((uses[chunk] == kOwnChunk) != (chunk < own) || uses[chunk] > kNodeChunk + kBlocksPerChunk) return false;
  }
  return true;
}

// A chunk that was being filled with nodes, of which none lives any more, is nobody's.
Space::Space(std::vector<std::uint8_t> uses) : uses_(std::move(uses)) {
  for (std::uint32_t chunk = 0; chunk < chunks(); ++chunk) {
    if (uses_[chunk] == kNodeChunk) set({chunk}, 0);
  }
  free_ = static_cast<std::uint32_t>(std::count(uses_.begin(), uses_.end(), 0));
}

void Space::grow(std::uint32_t device_chunks) {
  const std::uint32_t before = chunks();
  CHECK(device_chunks >= before, device_chunks, before);
  uses_.resize(device_chunks, std::uint8_t{0});
  free_ += device_chunks - before;
  for (std::uint64_t leaf = before / kBytesPerLeaf; leaf * kBytesPerLeaf < device_chunks; ++leaf) {
    changed_leaves_.insert(leaf);
  }
}

std::optional<ChunkNumber> Space::take() {
  const auto chunk = find_free();
  if (!chunk) return std::nullopt;
  hold(*chunk);
  holds_.at(chunk->value).taken = true;
  ++taken_;
  return chunk;
}

// The next one behind the last, so that what is written one after the other lies side by side.
std::optional<ChunkNumber> Space::find_free() {
  if (free_ == 0) return std::nullopt;
  for (std::uint32_t seen = 0; seen < chunks(); ++seen) {
    if (cursor_ >= chunks()) cursor_ = 0;
    const ChunkNumber chunk{cursor_++};
    if (uses(chunk) == 0 && !is_held(chunk)) return chunk;
  }
  return std::nullopt;
}

void Space::hold(ChunkNumber chunk) {
  if (++holds_[chunk.value].holders == 1 && uses(chunk) == 0) --free_;
}

void Space::release(ChunkNumber chunk) {
  const auto held = holds_.find(chunk.value);
  CHECK(held != holds_.end(), chunk.value);
  if (--held->second.holders > 0) return;
  end_taken(held->second);
  holds_.erase(held);
  if (uses(chunk) == 0) ++free_;
}

void Space::end_taken(Hold& hold) {
  if (std::exchange(hold.taken, false)) --taken_;
}

void Space::add_use(ChunkNumber chunk) {
  CHECK(uses(chunk) < kMaxUses, chunk.value, uses(chunk));
  set(chunk, static_cast<std::uint8_t>(uses(chunk) + 1));
}

void Space::remove_use(ChunkNumber chunk) {
  if (!is_data(chunk)) return;
  if (holds_frees_ && uses(chunk) == 1) {
    hold(chunk);
    held_frees_.push_back(chunk);
  }
  set(chunk, static_cast<std::uint8_t>(uses(chunk) - 1));
}

void Space::frees_are_durable() {
  holds_frees_ = false;
  for (const ChunkNumber chunk : std::exchange(held_frees_, {})) release(chunk);
}

// ---- nodes ----------------------------------------------------------------------------------------------------------

void Space::learn_node(BlockNumber node) {
  if (has(node) && uses(chunk_of(node)) > kNodeChunk) nodes_.learn(node);
}

void Space::all_nodes_are_learnt() {
  for (std::uint32_t chunk = 0; chunk < chunks(); ++chunk) {
    if (uses({chunk}) <= kNodeChunk) continue;
    nodes_.complete({chunk}, uses({chunk}) - kNodeChunk);
    count_nodes({chunk});
  }
}

// While there is plenty, nodes go where they lie side by side; else into every hole.
std::optional<BlockNumber> Space::place_node() {
  auto place = nodes_.take(free_ <= chunks() / kPlentyShare);
  if (!place) {
    const auto fresh = find_free();
    place = fresh ? nodes_.begin(*fresh) : nodes_.take(true);
  }
  if (!place) {
    place = nodes_.take_in_emptied();
    if (place) {
      release(chunk_of(*place));
      --emptied_;
    }
  }
  if (place) count_nodes(chunk_of(*place));
  return place;
}

// A chunk in which no node lives any more is free, and held until nobody speaks of its nodes.
void Space::free_node(BlockNumber node) {
  const ChunkNumber chunk = chunk_of(node);
  if (nodes_.live(chunk) == 0) return;  // as a damaged space map says
  nodes_.free(node);
  if (nodes_.live(chunk) == 0) {
    hold(chunk);
    ++emptied_;
  }
  count_nodes(chunk);
}

void Space::node_frees_are_durable() {
  for (const ChunkNumber chunk : nodes_.frees_are_durable()) {
    release(chunk);
    --emptied_;
  }
}

void Space::count_nodes(ChunkNumber chunk) {
  const std::uint32_t live = nodes_.live(chunk);
  set(chunk, live == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(kNodeChunk + live));
}

void Space::set(ChunkNumber chunk, std::uint8_t uses) {
  std::uint8_t& now = uses_[chunk.value];
  if (now == uses) return;
  const auto held = holds_.find(chunk.value);
  if (held != holds_.end()) {
    end_taken(held->second);
  } else {
    if (now == 0) --free_;
    if (uses == 0) ++free_;
  }
  now = uses;
  changed_leaves_.insert(chunk.value / kBytesPerLeaf);
}

}  // namespace shoal::routing::journal
