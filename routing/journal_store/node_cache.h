// NodeCache: the nodes of the trees of chunks that are in memory, at most so many bytes of them. A node in memory has
// its parent in memory, too; so what is changed can always be written with all nodes above it. Nodes that are changed,
// or pinned, stay; of the others those go first that were not used for the longest time.
//
// Reads nodes by itself, and checks each against the CRC that its parent has; one that does not fit is a medium error
// of everything below it.
#pragma once

#include <algorithm>
#include <array>
#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "routing/journal_store/block_pool.h"
#include "routing/journal_store/device.h"
#include "routing/journal_store/node.h"
#include "routing/journal_store/space.h"

namespace shoal::routing::journal {

struct DirtyTag;
using DirtyHook = boost::intrusive::list_base_hook<boost::intrusive::tag<DirtyTag>>;

struct Node : boost::intrusive::list_base_hook<>, DirtyHook {
  NodeKey key;
  Node* parent = nullptr;     // null: a root
  NodeRef stored;             // as the newest checkpoint has it, or the one that is being written; {}: it has none
  bool dirty = false;         // changed since
  std::uint32_t pins = 0;     // by users, by nodes below it, by the checkpoint that writes it
  std::uint32_t changes = 0;  // of it or of nodes below it that are on their way
  SharedBytes bytes;          // shared with a checkpoint while it writes them, and not changed then

  ByteSpan view() const { return {bytes.get(), kBlock}; }
  std::uint32_t slot() const { return static_cast<std::uint32_t>(key.index % kChildren); }  // in the parent
};

// A node stays in memory as long as one of these points at it.
class NodePin {
 public:
  NodePin() = default;
  explicit NodePin(Node* node) : node_(node) {
    if (node_) ++node_->pins;
  }
  NodePin(NodePin&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodePin& operator=(NodePin&& other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~NodePin() {
    if (node_) --node_->pins;
  }
  explicit operator bool() const { return node_ != nullptr; }
  Node* operator->() const { return node_; }
  Node& operator*() const { return *node_; }

 private:
  Node* node_ = nullptr;
};

// A checkpoint takes all changed nodes down in one turn of the loop: 7 ms of these. With more of them it would not
// begin later, but keep everybody waiting for longer.
inline constexpr std::size_t kManyChangedNodes = 8192;

class NodeCache;

// A leaf that somebody is about to change: it stays in memory, and it and all nodes above it count as changing, so that
// there is a place for each in the next checkpoint.
class ChangingLeaf {
 public:
  ChangingLeaf() = default;
  ChangingLeaf(NodeCache& cache, NodePin leaf);
  ChangingLeaf(ChangingLeaf&& other) noexcept : cache_(other.cache_), leaf_(std::move(other.leaf_)) {}
  ChangingLeaf& operator=(ChangingLeaf&& other) noexcept {
    std::swap(cache_, other.cache_);
    std::swap(leaf_, other.leaf_);
    return *this;
  }
  ~ChangingLeaf();

 private:
  NodeCache* cache_ = nullptr;
  NodePin leaf_;
};

class NodeCache {
 public:
  using Loaded = Completion<Result<NodePin, StoreError>>;

  NodeCache(Device& device, const Space& space, const StoreId& store, std::size_t limit_bytes)
      : device_(device), space_(space), store_(store), limit_(limit_bytes / kNodeMemory) {}
  NodeCache(const NodeCache&) = delete;

  Node* find(const NodeKey& key);
  void load(const NodeKey& key, Node* parent, const NodeRef& ref, Loaded done);
  // One that nobody has written: empty, or lost as a whole. It says nothing new until it is changed.
  Node& create(const NodeKey& key, Node* parent, bool lost = false);
  void adopt(Node& child, Node& parent);  // a root that gets a node above it
  // To change it: it and all above it are dirty.
  MutableByteSpan change(Node& node);
  void forget(Node& node);  // it is in no tree any more: unpinned, without children

  std::vector<Node*> dirty_by_level();  // leaves first; of one level in order of their keys
  void set_clean(Node& node);
  std::size_t dirty_count() const { return dirty_count_; }
  // Nodes that are changed, or that somebody is about to change; and those of them that have no place yet.
  std::size_t changing_count() const { return changing_count_; }
  std::size_t unplaced_count() const { return unplaced_count_; }
  void move(Node& node, BlockNumber place);  // one that is changed; {}: to nowhere
  void begin_change(Node& node);
  void end_change(Node& node);
  std::size_t count() const { return nodes_.size(); }
  std::size_t limit() const { return limit_; }
  bool asks_for_checkpoint() const { return dirty_count_ > std::min(limit_ / 4, kManyChangedNodes); }
  // A half may be changed; the other half may be what a checkpoint writes.
  bool is_full_of_changes() const { return dirty_count_ > 0 && changing_count_ >= limit_ / 2; }
  std::uint64_t damaged() const { return damaged_; }  // nodes, each once

 private:
  static constexpr std::size_t kNodeMemory = kBlock + 256;
  struct KeyHash {
    std::size_t operator()(const NodeKey& key) const noexcept {
      const std::uint64_t mixed = (key.tree.image.value * 0x9e3779b97f4a7c15u) ^ (key.index << 3) ^ key.level;
      return static_cast<std::size_t>((mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9u);
    }
  };
  using Lru = boost::intrusive::list<Node, boost::intrusive::constant_time_size<false>>;

  using DirtyList =
      boost::intrusive::list<Node, boost::intrusive::base_hook<DirtyHook>, boost::intrusive::constant_time_size<false>>;

  Node& add(const NodeKey& key, Node* parent, SharedBytes bytes);
  void on_read(const NodeKey& key, NodePin parent, const NodeRef& ref, SharedBytes bytes,
               Result<void, StoreError> result);
  bool is_sound(const NodeKey& key, const NodeRef& ref, ByteSpan bytes) const;
  void on_damaged(const NodeKey& key, const NodeRef& ref);
  void shrink();
  void remove(Node& node);
  void count_changing(const Node& node);
  void uncount_changing(const Node& node);

  Device& device_;
  const Space& space_;
  StoreId store_;
  std::size_t limit_;  // nodes
  BlockPool memory_;
  boost::unordered_flat_map<NodeKey, std::unique_ptr<Node>, KeyHash> nodes_;  // never iterated into an output
  std::map<NodeKey, std::vector<Loaded>> loading_;
  Lru lru_;                                     // least recently used first
  std::array<DirtyList, kMaxLevel + 1> dirty_;  // by level
  std::size_t dirty_count_ = 0, changing_count_ = 0, unplaced_count_ = 0;
  std::uint64_t damaged_ = 0;
  std::set<std::pair<std::uint64_t, std::uint32_t>> known_damaged_;  // by place and CRC
};

}  // namespace shoal::routing::journal
