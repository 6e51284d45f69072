#include "routing/journal_store/array_tree.h"

#include <algorithm>

#include "target/base/crc32c.h"

namespace shoal::routing::journal {

// The root stays alone on its level, whatever the size; a level that is new is placed with the first leaf below it.
void ArrayTree::resize(std::uint64_t bytes) {
  std::vector<std::vector<NodeRef>> levels;
  const std::uint64_t items = std::max<std::uint64_t>(bytes, 1);
  const std::size_t count = root_level(items, kBytesPerLeaf) + std::size_t{1};
  for (std::size_t level = 0; level < std::max(count, levels_.size()); ++level) {
    const std::uint64_t span = span_of(static_cast<std::uint8_t>(level), kBytesPerLeaf);
    const std::uint64_t nodes = level < count ? (items + span - 1) / span : 0;
    std::vector<NodeRef> refs = level < levels_.size() ? std::move(levels_[level]) : std::vector<NodeRef>{};
    for (std::uint64_t i = nodes; i < refs.size(); ++i) {
      if (refs[i].at.value != 0) surplus_.push_back(refs[i].at);
    }
    refs.resize(nodes);
    if (nodes > 0) levels.push_back(std::move(refs));
  }
  levels_ = std::move(levels);
}

bool ArrayTree::place(const std::set<std::uint64_t>& leaves, Space& space) {
  for (const BlockNumber node : std::exchange(surplus_, {})) space.free_node(node);
  placed_.resize(levels_.size());
  for (const std::uint64_t leaf : leaves) {
    std::uint64_t index = leaf;
    for (std::size_t level = 0; level < levels_.size(); ++level, index /= kChildren) {
      if (!place_one(level, index, space)) return false;
    }
  }
  return true;
}

bool ArrayTree::place_one(std::size_t level, std::uint64_t index, Space& space) {
  if (!placed_[level].insert(index).second) return true;
  NodeRef& ref = levels_[level][index];
  if (ref.at.value != 0) space.free_node(ref.at);
  const auto place = space.place_node();
  if (!place) return false;
  ref.at = *place;
  return true;
}

std::vector<NodeWrite> ArrayTree::write(ByteSpan array, std::uint64_t checkpoint) {
  std::vector<NodeWrite> writes;
  for (std::size_t level = 0; level < placed_.size(); ++level) {
    for (const std::uint64_t index : placed_[level]) {
      NodeRef& ref = levels_[level][index];
      writes.push_back({ref.at, node_bytes(level, index, array, checkpoint)});
      ref.crc = crc32c(writes.back().bytes.bytes());
    }
  }
  placed_.clear();
  return writes;
}

Slice ArrayTree::node_bytes(std::size_t level, std::uint64_t index, ByteSpan array, std::uint64_t checkpoint) const {
  MutableByteSpan node;
  Slice slice = aligned_slice(kBlock, node);
  start_node(node, {{{kind_, {}}, static_cast<std::uint8_t>(level), index}, store_, checkpoint});
  if (level == 0) {
    const std::size_t begin = std::min<std::size_t>(index * kBytesPerLeaf, array.size());
    const ByteSpan part = array.subspan(begin, std::min<std::size_t>(kBytesPerLeaf, array.size() - begin));
    std::copy(part.begin(), part.end(), body(node).begin());
    return slice;
  }
  const auto& children = levels_[level - 1];
  for (std::uint32_t slot = 0; slot < kChildren && index * kChildren + slot < children.size(); ++slot) {
    set_child(node, slot, children[index * kChildren + slot]);
  }
  return slice;
}

}  // namespace shoal::routing::journal
