#include "routing/journal_store/chunk_trees.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "target/base/check.h"

namespace shoal::routing::journal {
namespace {

// Leaves below one node of that level.
std::uint64_t leaves_below(std::uint8_t level) { return span_of(level, 1); }

NodeKey key_at(ImageId image, std::uint8_t level, std::uint64_t leaf) {
  return {{TreeId::Kind::chunks, image}, level, leaf / leaves_below(level)};
}

std::uint32_t slot_of(const NodeKey& key) { return static_cast<std::uint32_t>(key.index % kChildren); }

}  // namespace

StoredImage* ChunkTrees::find(ImageId image) {
  const auto found = catalog_.images.find(image);
  return found == catalog_.images.end() ? nullptr : &found->second;
}

Node* ChunkTrees::resident_leaf(const ChunkKey& chunk) { return cache_.find(key_at(chunk.image, 0, chunk.leaf())); }

std::optional<NodePin> ChunkTrees::leaf_in_memory(ImageId image, std::uint64_t leaf, IfAbsent if_absent) {
  if (Node* node = cache_.find(key_at(image, 0, leaf))) return NodePin(node);
  Step step = descend(image, leaf, if_absent);
  if (step.to_load) return std::nullopt;
  return step.absent ? NodePin() : std::move(step.node);
}

void ChunkTrees::leaf(ImageId image, std::uint64_t leaf, IfAbsent if_absent, Found done) {
  if (Node* node = cache_.find(key_at(image, 0, leaf))) return done(NodePin(node));
  Step step = descend(image, leaf, if_absent);
  if (!step.to_load) return done(step.absent ? NodePin() : std::move(step.node));
  cache_.load(*step.to_load, step.node ? &*step.node : nullptr, step.ref,
              [this, image, leaf, if_absent, done = std::move(done)](Result<NodePin, StoreError> loaded) mutable {
                if (!loaded) return done(loaded.error());
                this->leaf(image, leaf, if_absent, std::move(done));
              });
}

ChunkEntry ChunkTrees::entry(const ChunkKey& chunk, const NodePin& leaf) {
  return leaf ? chunk_entry(leaf->view(), chunk.slot()) : ChunkEntry{.version = emptied(chunk.image, chunk.leaf())};
}

Version ChunkTrees::emptied(ImageId image, std::uint64_t leaf) {
  return descend(image, leaf, IfAbsent::pass_over).emptied;
}

// From the root towards the leaf as far as that level, or as memory has it.
ChunkTrees::Step ChunkTrees::descend(ImageId image, std::uint64_t leaf, IfAbsent if_absent, std::uint8_t level) {
  StoredImage* stored = find(image);
  if (!stored) return {.absent = true};
  const bool beyond = leaf >= leaves_below(stored->root_level);
  if (beyond && if_absent != IfAbsent::create) return {.absent = true};
  Step step = root(image, *stored, if_absent);
  if (step.to_load) return step;
  if (beyond) {
    raise(image, *stored, leaf);
    step = root(image, *stored, if_absent);
  }
  while (!step.absent && !step.to_load && step.node->key.level > level) step = below(*step.node, leaf, if_absent);
  return step;
}

// Puts inner nodes above the root, which is in memory, until it covers that leaf. What was the root is the first child
// of the one above it then.
void ChunkTrees::raise(ImageId image, StoredImage& stored, std::uint64_t leaf) {
  while (leaf >= leaves_below(stored.root_level)) {
    Node& old_root = *cache_.find(key_at(image, stored.root_level, 0));
    NodePin keep(&old_root);
    ++stored.root_level;
    Node& root = cache_.create(key_at(image, stored.root_level, 0), nullptr);
    cache_.adopt(old_root, root);
    set_child(cache_.change(root), 0, stored.root);
    if (stored.emptied != Version{}) set_emptied(cache_.change(root), 0, stored.emptied);
    stored.root = {};
    stored.emptied = {};
  }
}

ChunkTrees::Step ChunkTrees::root(ImageId image, StoredImage& stored, IfAbsent if_absent) {
  const NodeKey key = key_at(image, stored.root_level, 0);
  if (Node* node = cache_.find(key)) return {.node = NodePin(node)};
  if (stored.root == kLostNode && if_absent != IfAbsent::pass_over) {
    return {.node = NodePin(&cache_.create(key, nullptr, true))};
  }
  if (stored.root.at.value != 0) return {.to_load = key, .ref = stored.root};
  if (if_absent != IfAbsent::create) return {.absent = true, .emptied = stored.emptied};
  return {.node = NodePin(&create(key, nullptr, stored.emptied))};
}

ChunkTrees::Step ChunkTrees::below(Node& parent, std::uint64_t leaf, IfAbsent if_absent) {
  const NodeKey key = key_at(parent.key.tree.image, static_cast<std::uint8_t>(parent.key.level - 1), leaf);
  if (Node* node = cache_.find(key)) return {.node = NodePin(node)};
  const NodeRef ref = child(parent.view(), slot_of(key));
  if (ref == kLostNode && if_absent != IfAbsent::pass_over) {
    return {.node = NodePin(&cache_.create(key, &parent, true))};
  }
  if (ref.at.value != 0) return {.node = NodePin(&parent), .to_load = key, .ref = ref};
  const Version emptied = journal::emptied(parent.view(), slot_of(key));
  if (if_absent != IfAbsent::create) return {.node = NodePin(&parent), .absent = true, .emptied = emptied};
  return {.node = NodePin(&create(key, &parent, emptied))};
}

// What is below it may be as new as what was there before.
Node& ChunkTrees::create(const NodeKey& key, Node* parent, const Version& emptied) {
  Node& node = cache_.create(key, parent);
  if (emptied != Version{}) fill_emptied({node.bytes.get(), kBlock}, emptied);
  return node;
}

void ChunkTrees::next_leaf(ImageId image, std::uint64_t leaf, Next done) {
  while (true) {
    Step step = descend(image, leaf, IfAbsent::pass_over);
    if (step.to_load) {
      return cache_.load(*step.to_load, step.node ? &*step.node : nullptr, step.ref,
                         [this, image, leaf, done = std::move(done)](Result<NodePin, StoreError> loaded) mutable {
                           if (!loaded) return done(loaded.error());
                           next_leaf(image, leaf, std::move(done));
                         });
    }
    if (!step.absent) return done(std::pair(leaf, std::move(step.node)));
    if (!step.node) return done(std::pair(leaf, NodePin()));
    leaf = behind_gap(*step.node, leaf);
  }
}

// The first leaf of the next node below `parent` that exists, or of what follows `parent`.
std::uint64_t ChunkTrees::behind_gap(const Node& parent, std::uint64_t leaf) {
  const auto level = static_cast<std::uint8_t>(parent.key.level - 1);
  const std::uint64_t end = (parent.key.index + 1) * kChildren;
  for (std::uint64_t index = leaf / leaves_below(level) + 1; index < end; ++index) {
    const bool stored = child(parent.view(), static_cast<std::uint32_t>(index % kChildren)).at.value != 0;
    if (stored || cache_.find({parent.key.tree, level, index})) return index * leaves_below(level);
  }
  return end * leaves_below(level);
}

void ChunkTrees::lose(const NodeKey& node, PageStore::Done done) {
  StoredImage& stored = catalog_.images.at(node.tree.image);
  if (node.level == stored.root_level) {
    stored.root = kLostNode;
    return done({});
  }
  const std::uint64_t leaf = node.index * leaves_below(node.level);
  Step step = descend(node.tree.image, leaf, IfAbsent::pass_over, static_cast<std::uint8_t>(node.level + 1));
  if (step.to_load) {
    return cache_.load(*step.to_load, step.node ? &*step.node : nullptr, step.ref,
                       [this, node, done = std::move(done)](Result<NodePin, StoreError> loaded) mutable {
                         if (!loaded) return done(loaded.error());
                         lose(node, std::move(done));
                       });
  }
  if (!step.absent) set_child(cache_.change(*step.node), slot_of(node), kLostNode);
  done({});
}

// From the leaves up, so that a node whose last child goes is looked at after it. One that is in use stays in memory as
// if it had just been created: nobody has to come back for it.
std::vector<BlockNumber> ChunkTrees::prune() {
  std::vector<BlockNumber> freed;
  std::unordered_set<const Node*> needed;  // by what is below it and perhaps has no place yet; never iterated
  for (Node* node : cache_.dirty_by_level()) {
    const auto rest = needed.contains(node) ? std::nullopt : rest_of(*node);
    if (!rest) {
      needed.insert(node->parent);
      continue;
    }
    if (node->stored.at.value != 0) freed.push_back(node->stored.at);
    cache_.move(*node, {});
    if (node->parent) {
      set_emptied(cache_.change(*node->parent), node->slot(), *rest);
    } else if (StoredImage* image = find(node->key.tree.image)) {
      image->root = {};
      image->emptied = *rest;
    }
    node->pins > 0 ? cache_.set_clean(*node) : cache_.forget(*node);
  }
  return freed;
}

// The highest version in a node without any chunk; nullopt: it has some. What an image that is dropped, or forgotten
// already, has lost is missed by nobody.
std::optional<Version> ChunkTrees::rest_of(const Node& node) {
  const ByteSpan bytes = node.view();
  Version highest;
  if (node.key.level == 0) {
    for (std::uint32_t slot = 0; slot < kChunksPerLeaf; ++slot) {
      const ChunkEntry entry = chunk_entry(bytes, slot);
      if (is_mapped(entry)) return std::nullopt;
      highest = std::max(highest, entry.version);
    }
    return highest;
  }
  const StoredImage* image = find(node.key.tree.image);
  const bool dropped = !image || image->dropped;
  for (std::uint32_t slot = 0; slot < kChildren; ++slot) {
    const NodeRef ref = child(bytes, slot);
    if (ref != NodeRef{} && !(dropped && ref == kLostNode)) return std::nullopt;
    highest = std::max(highest, journal::emptied(bytes, slot));
  }
  return highest;
}

}  // namespace shoal::routing::journal
