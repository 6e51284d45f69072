#include "routing/journal_store/checkpoint.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::routing::journal {
namespace {

constexpr std::size_t kNodeRunBlocks = 64;
constexpr unsigned kNodeWrites = 4;  // at once

void set_root(Catalog& catalog, const Node& root) {
  const auto image = catalog.images.find(root.key.tree.image);
  if (image == catalog.images.end()) return;
  image->second.root = root.stored;
  image->second.emptied = {};  // the root has it
}

}  // namespace

void Checkpoint::run(Superblock next, Done done) {
  CHECK(!running());
  next_ = std::move(next);
  ++next_.checkpoint;
  next_.first_seq = ledger_.first_seq();
  done_ = std::move(done);
  result_ = {};
  if (!take_down()) return finish(StoreError::no_space);
  parts_ = 2;
  home_.run([this](Result<void, StoreError> result) { on_part_written(result); });
  write_nodes();
}

// ---- the ledger as nodes ------------------------------------------------------------------------------------------

// Catalog after the trees, whose roots it names; space last, since all of this takes and gives places.
bool Checkpoint::take_down() {
  ledger_.returning.begin_checkpoint();
  if (!take_down_chunks() || !take_down_catalog() || !take_down_space()) return false;
  ledger_.reserve.own_nodes_are_placed();
  std::sort(writes_.begin(), writes_.end(), [](const NodeWrite& a, const NodeWrite& b) { return a.at < b.at; });
  return true;
}

bool Checkpoint::take_down_chunks() {
  for (const BlockNumber freed : ledger_.trees.prune()) ledger_.space.free_node(freed);
  for (Node* node : ledger_.cache.dirty_by_level()) {
    if (!place(*node)) return false;
    take_down_node(*node);
  }
  return true;
}

bool Checkpoint::place(Node& node) {
  if (node.stored.at.value != 0) ledger_.space.free_node(node.stored.at);
  const auto place = ledger_.space.place_node();
  if (place) ledger_.cache.move(node, *place);
  return place.has_value();
}

// Its bytes are shared with the write from here on, so whoever changes the node copies them first. Its children have
// been taken down before it.
void Checkpoint::take_down_node(Node& node) {
  const MutableByteSpan bytes = ledger_.cache.change(node);
  set_checkpoint(bytes, next_.checkpoint);
  node.stored.crc = crc32c(bytes);
  if (node.parent) {
    set_child(ledger_.cache.change(*node.parent), node.slot(), node.stored);
  } else {
    set_root(ledger_.catalog, node);
    ledger_.catalog_changed = true;
  }
  writes_.push_back({node.stored.at, Slice::share(node.bytes, bytes)});
  ledger_.cache.set_clean(node);
  nodes_.emplace_back(&node);
}

bool Checkpoint::take_down_catalog() {
  if (!ledger_.catalog_changed) return true;
  const std::string bytes = encode(ledger_.catalog);
  next_.catalog_bytes = bytes.size();
  catalog_.resize(bytes.size());
  std::set<std::uint64_t> leaves;
  for (std::uint64_t leaf = 0; leaf < catalog_.leaf_count(); ++leaf) leaves.insert(leaf);
  if (!catalog_.place(leaves, ledger_.space)) return false;
  for (NodeWrite& write : catalog_.write(as_bytes(bytes), next_.checkpoint)) writes_.push_back(std::move(write));
  next_.catalog = catalog_.root();
  ledger_.catalog_changed = false;
  return true;
}

bool Checkpoint::take_down_space() {
  space_.resize(ledger_.space.chunks());
  while (true) {
    const auto leaves = ledger_.space.take_changed_leaves();
    if (leaves.empty()) break;
    if (!space_.place(leaves, ledger_.space)) return false;
  }
  for (NodeWrite& write : space_.write(ledger_.space.bytes(), next_.checkpoint)) writes_.push_back(std::move(write));
  next_.space = space_.root();
  return true;
}

// ---- writing --------------------------------------------------------------------------------------------------------

void Checkpoint::write_nodes() {
  next_write_ = 0;
  for (unsigned i = 0; i < kNodeWrites; ++i) {
    ++parts_;
    write_more();
  }
  on_part_written({});
}

// Nodes lie side by side, for the most part.
void Checkpoint::write_more() {
  if (next_write_ == writes_.size()) return on_part_written({});
  const BlockNumber at = writes_[next_write_].at;
  Slices run;
  while (next_write_ < writes_.size() && run.size() < kNodeRunBlocks &&
         writes_[next_write_].at.value == at.value + run.size()) {
    run.push_back(std::move(writes_[next_write_++].bytes));
  }
  device_.write(at, std::move(run), SyncMode::none, [this](Result<void, StoreError> result) {
    if (!result) return on_part_written(result);
    write_more();
  });
}

void Checkpoint::on_part_written(Result<void, StoreError> result) {
  if (!result) result_ = result;
  if (--parts_ > 0) return;
  if (!result_) return finish(result_);
  device_.sync([this](Result<void, StoreError> synced) {
    if (!synced) return finish(synced);
    write_superblock();
  });
}

void Checkpoint::write_superblock() {
  MutableByteSpan bytes;
  const Slice block = aligned_slice(kBlock, bytes);
  encode(next_, bytes);
  parts_ = kSuperblockCopies;
  for (const BlockNumber place : superblock_places(next_.checkpoint)) {
    device_.write(place, {block}, SyncMode::data, [this](Result<void, StoreError> result) {
      if (!result) result_ = result;
      if (--parts_ == 0) finish(result_);
    });
  }
}

void Checkpoint::finish(Result<void, StoreError> result) {
  writes_.clear();
  nodes_.clear();
  if (result) ledger_.space.node_frees_are_durable();
  ledger_.returning.end_checkpoint();
  std::exchange(done_, nullptr)(result);
}

}  // namespace shoal::routing::journal
