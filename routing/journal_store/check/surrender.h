// Surrender: what the trees of a damaged store cannot say any more is marked as lost, in memory. So a journal can be
// replayed over it, and the next checkpoint makes it known for good: a medium error until it is written again, never
// zeros, never old data.
#pragma once

#include <memory>
#include <vector>

#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

class Surrender : public std::enable_shared_from_this<Surrender> {
 public:
  // `nodes`: none of them below another one. `homeless`: chunks that lie where no data may lie; their leaves are sound.
  Surrender(Ledger& ledger, std::vector<NodeKey> nodes, std::vector<ChunkKey> homeless)
      : ledger_(ledger), nodes_(std::move(nodes)), homeless_(std::move(homeless)) {}

  void run(PageStore::Done done);

 private:
  void go_on();
  void give_up(const NodeKey& node);
  void give_up(const ChunkKey& chunk);
  void on_given_up(Result<void, StoreError> result);

  Ledger& ledger_;
  std::vector<NodeKey> nodes_;
  std::vector<ChunkKey> homeless_;
  bool looping_ = false, waiting_ = false;
  Result<void, StoreError> result_;
  PageStore::Done done_;
};

}  // namespace shoal::routing::journal
