#include "routing/journal_store/check/surrender.h"

#include <utility>

namespace shoal::routing::journal {

namespace {

template <class T>
T taken(std::vector<T>& from) {
  T last = from.back();
  from.pop_back();
  return last;
}

}  // namespace

void Surrender::run(PageStore::Done done) {
  done_ = std::move(done);
  go_on();
}

// A loop, since most of it is answered at once.
void Surrender::go_on() {
  if (std::exchange(looping_, true)) return;
  while (result_ && !waiting_ && !(nodes_.empty() && homeless_.empty())) {
    waiting_ = true;
    nodes_.empty() ? give_up(taken(homeless_)) : give_up(taken(nodes_));
  }
  looping_ = false;
  if (!waiting_) std::exchange(done_, nullptr)(result_);
}

void Surrender::give_up(const NodeKey& node) {
  ledger_.catalog_changed = true;  // the lost one may be a root
  ledger_.trees.lose(node, [self = shared_from_this()](Result<void, StoreError> result) { self->on_given_up(result); });
}

void Surrender::give_up(const ChunkKey& chunk) {
  ledger_.trees.leaf(chunk.image, chunk.leaf(), IfAbsent::nothing,
                     [self = shared_from_this(), chunk](Result<NodePin, StoreError> leaf) {
                       if (!leaf) return self->on_given_up(leaf.error());
                       const ChunkEntry entry = chunk_entry((*leaf)->view(), chunk.slot());
                       set_chunk_entry(self->ledger_.cache.change(**leaf), chunk.slot(),
                                       {.lost = entry.written, .version = entry.version});
                       self->on_given_up({});
                     });
}

void Surrender::on_given_up(Result<void, StoreError> result) {
  result_ = result;
  waiting_ = false;
  go_on();
}

}  // namespace shoal::routing::journal
