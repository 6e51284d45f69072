// ArrayTree: a tree of nodes over one array of bytes (space map, catalog), whose references are all in memory: 16 bytes
// for each 4032 bytes of the array. Pure: it says which nodes are to be written where.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "routing/journal_store/aligned.h"
#include "routing/journal_store/node.h"
#include "routing/journal_store/space.h"

namespace shoal::routing::journal {

// A node that the checkpoint has to write.
struct NodeWrite {
  BlockNumber at;
  Slice bytes;  // kBlock, aligned
};

class ArrayTree {
 public:
  ArrayTree(TreeId::Kind kind, const StoreId& store) : kind_(kind), store_(store) {}

  // As it was read: references of all nodes, level by level from the leaves; the last level is the root.
  void restore(std::vector<std::vector<NodeRef>> levels) { levels_ = std::move(levels); }
  const std::vector<std::vector<NodeRef>>& levels() const { return levels_; }
  void resize(std::uint64_t bytes);
  NodeRef root() const { return levels_.empty() ? NodeRef{} : levels_.back().front(); }
  std::uint64_t leaf_count() const { return levels_.empty() ? 0 : levels_.front().size(); }

  // New places in `space` for the leaves and for all nodes above them; gives their old ones back. Placing changes the
  // space map, so for its own tree this is repeated with the leaves that it has changed, until there are none.
  // False: there is no place.
  bool place(const std::set<std::uint64_t>& leaves, Space& space);
  // The nodes placed since the last call, with what `array` holds now.
  std::vector<NodeWrite> write(ByteSpan array, std::uint64_t checkpoint);

 private:
  bool place_one(std::size_t level, std::uint64_t index, Space& space);
  Slice node_bytes(std::size_t level, std::uint64_t index, ByteSpan array, std::uint64_t checkpoint) const;

  TreeId::Kind kind_;
  StoreId store_;
  std::vector<std::vector<NodeRef>> levels_;     // level 0: leaves
  std::vector<std::set<std::uint64_t>> placed_;  // and not written yet, by level
  std::vector<BlockNumber> surplus_;             // of nodes that a smaller array does not need any more
};

}  // namespace shoal::routing::journal
