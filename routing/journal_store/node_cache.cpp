#include "routing/journal_store/node_cache.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::routing::journal {
namespace {

constexpr unsigned kLooksForOne = 64;
constexpr std::size_t kMostKnownDamaged = 4096;

}  // namespace

ChangingLeaf::ChangingLeaf(NodeCache& cache, NodePin leaf) : cache_(&cache), leaf_(std::move(leaf)) {
  cache_->begin_change(*leaf_);
}

ChangingLeaf::~ChangingLeaf() {
  if (leaf_) cache_->end_change(*leaf_);
}

Node* NodeCache::find(const NodeKey& key) {
  const auto found = nodes_.find(key);
  if (found == nodes_.end()) return nullptr;
  lru_.splice(lru_.end(), lru_, lru_.iterator_to(*found->second));
  return found->second.get();
}

void NodeCache::load(const NodeKey& key, Node* parent, const NodeRef& ref, Loaded done) {
  auto& waiting = loading_[key];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  SharedBytes bytes = memory_.block();
  const MutableByteSpan into{bytes.get(), kBlock};
  device_.read(
      ref.at, into,
      [this, key, parent = NodePin(parent), ref, bytes = std::move(bytes)](Result<void, StoreError> result) mutable {
        on_read(key, std::move(parent), ref, std::move(bytes), result);
      });
}

void NodeCache::on_read(const NodeKey& key, NodePin parent, const NodeRef& ref, SharedBytes bytes,
                        Result<void, StoreError> result) {
  if (result && !is_sound(key, ref, {bytes.get(), kBlock})) {
    on_damaged(key, ref);
    result = StoreError::medium_error;
  }
  NodePin node;
  if (result) {
    node = NodePin(&add(key, parent ? &*parent : nullptr, std::move(bytes)));
    node->stored = ref;
  }
  auto waiting = std::move(loading_.extract(key).mapped());
  for (Loaded& done : waiting) {
    if (!result) {
      done(result.error());
    } else {
      done(NodePin(&*node));
    }
  }
  shrink();
}

// Told once, but for those beyond the first kMostKnownDamaged: it is read again for everything that is asked of what is
// below it.
void NodeCache::on_damaged(const NodeKey& key, const NodeRef& ref) {
  const std::pair place{ref.at.value, ref.crc};
  if (known_damaged_.contains(place)) return;
  if (known_damaged_.size() < kMostKnownDamaged) known_damaged_.insert(place);
  ++damaged_;
  device_.log().error("store_node_damaged path={} byte={} image={} level={} index={}", quoted(device_.path()),
                      byte_of(ref.at), key.tree.image.value, key.level, key.index);
}

bool NodeCache::is_sound(const NodeKey& key, const NodeRef& ref, ByteSpan bytes) const {
  if (crc32c(bytes) != ref.crc) return false;
  const auto header = node_header(bytes);
  if (!header || header->key != key || header->store != store_) return false;
  return key.level == 0 ? is_sound_chunk_leaf(bytes, space_.chunks()) : is_sound_inner_node(bytes, space_.chunks());
}

Node& NodeCache::create(const NodeKey& key, Node* parent, bool lost) {
  SharedBytes bytes = memory_.block();
  start_node({bytes.get(), kBlock}, {key, store_, 0});
  if (lost) fill_lost({bytes.get(), kBlock});
  Node& node = add(key, parent, std::move(bytes));
  NodePin pin(&node);
  shrink();
  return node;
}

Node& NodeCache::add(const NodeKey& key, Node* parent, SharedBytes bytes) {
  auto node = std::make_unique<Node>();
  node->key = key;
  node->parent = parent;
  node->bytes = std::move(bytes);
  if (parent) ++parent->pins;
  lru_.push_back(*node);
  const auto [at, added] = nodes_.emplace(key, std::move(node));
  CHECK(added, key.tree.image.value, key.level, key.index);
  return *at->second;
}

void NodeCache::adopt(Node& child, Node& parent) {
  CHECK(!child.parent, child.key.level);
  child.parent = &parent;
  ++parent.pins;
  parent.changes += child.changes;
  if (parent.changes > 0 && !parent.dirty) count_changing(parent);
}

void NodeCache::begin_change(Node& node) {
  for (Node* each = &node; each; each = each->parent) {
    if (++each->changes == 1 && !each->dirty) count_changing(*each);
  }
}

void NodeCache::end_change(Node& node) {
  for (Node* each = &node; each; each = each->parent) {
    if (--each->changes == 0 && !each->dirty) uncount_changing(*each);
  }
}

MutableByteSpan NodeCache::change(Node& node) {
  for (Node* each = &node; each && !each->dirty; each = each->parent) {
    each->dirty = true;
    dirty_[each->key.level].push_back(*each);
    ++dirty_count_;
    if (each->changes == 0) count_changing(*each);
  }
  if (node.bytes.use_count() > 1) {
    SharedBytes copy = memory_.block();
    std::copy_n(node.bytes.get(), kBlock, copy.get());
    node.bytes = std::move(copy);
  }
  return {node.bytes.get(), kBlock};
}

void NodeCache::set_clean(Node& node) {
  CHECK(node.dirty, node.key.level, node.key.index);
  node.dirty = false;
  dirty_[node.key.level].erase(dirty_[node.key.level].iterator_to(node));
  --dirty_count_;
  if (node.changes == 0) uncount_changing(node);
}

void NodeCache::count_changing(const Node& node) {
  ++changing_count_;
  if (node.stored.at == BlockNumber{}) ++unplaced_count_;
}

void NodeCache::uncount_changing(const Node& node) {
  --changing_count_;
  if (node.stored.at == BlockNumber{}) --unplaced_count_;
}

void NodeCache::move(Node& node, BlockNumber place) {
  CHECK(node.dirty, node.key.level, node.key.index);
  uncount_changing(node);
  node.stored = {.at = place};
  count_changing(node);
}

std::vector<Node*> NodeCache::dirty_by_level() {
  std::vector<Node*> dirty;
  dirty.reserve(dirty_count_);
  for (DirtyList& level : dirty_) {
    const auto begin = static_cast<std::ptrdiff_t>(dirty.size());
    for (Node& node : level) dirty.push_back(&node);
    std::sort(dirty.begin() + begin, dirty.end(), [](const Node* a, const Node* b) { return a->key < b->key; });
  }
  return dirty;
}

void NodeCache::forget(Node& node) {
  if (node.dirty) set_clean(node);
  remove(node);
}

// What must stay goes to the end, so that it is not looked at again and again.
void NodeCache::shrink() {
  for (unsigned looked = 0; nodes_.size() > limit_ && looked < kLooksForOne; ++looked) {
    Node& oldest = lru_.front();
    if (oldest.dirty || oldest.pins > 0) {
      lru_.splice(lru_.end(), lru_, lru_.begin());
    } else {
      remove(oldest);
    }
  }
}

void NodeCache::remove(Node& node) {
  CHECK(node.pins == 0 && !node.dirty, node.pins);
  if (node.parent) --node.parent->pins;
  lru_.erase(lru_.iterator_to(node));
  nodes_.erase(node.key);
}

}  // namespace shoal::routing::journal
