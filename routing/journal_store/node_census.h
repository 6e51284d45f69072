// NodeCensus: tells the space of an opened store where the nodes of its trees lie. Reads the inner nodes of all images,
// which name all others: one in 250. What hangs on a damaged one stays unknown, and is not overwritten.
#pragma once

#include <memory>
#include <vector>

#include "routing/journal_store/core.h"

namespace shoal::routing::journal {

class NodeCensus : public std::enable_shared_from_this<NodeCensus> {
 public:
  explicit NodeCensus(Core& core) : core_(core) {}

  // Space map and catalog have been read, and nothing has changed since.
  void run(Completion<> done);

 private:
  struct Inner {
    NodeKey key;
    NodeRef ref;
  };

  void take(const NodeKey& key, const NodeRef& ref);
  void pump();
  void read(const Inner& node);
  void read_again(const Inner& node);
  void on_read(const Inner& node, ByteSpan bytes);

  Core& core_;
  std::vector<Inner> pending_;  // the last is read next, so that not more waits than a node of each level has children
  std::size_t reading_ = 0;
  Completion<> done_;
};

}  // namespace shoal::routing::journal
