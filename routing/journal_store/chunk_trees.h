// ChunkTrees: from a chunk of an image to its entry. Each image has a tree of its own, as high as its highest chunk
// asks for; parts of it that were never written do not exist.
#pragma once

#include <cstdint>
#include <optional>

#include "routing/journal_store/catalog.h"
#include "routing/journal_store/node_cache.h"

namespace shoal::routing::journal {

// A chunk of an image, counted from the image's beginning.
struct ChunkKey {
  ImageId image;
  std::uint64_t index = 0;
  auto operator<=>(const ChunkKey&) const = default;
  std::uint64_t leaf() const { return index / kChunksPerLeaf; }
  std::uint32_t slot() const { return static_cast<std::uint32_t>(index % kChunksPerLeaf); }
};

struct ChunkKeyHash {
  std::size_t operator()(const ChunkKey& key) const noexcept {
    const std::uint64_t mixed = (key.image.value * 0x9e3779b97f4a7c15u) ^ key.index;
    return static_cast<std::size_t>((mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93u);
  }
};

// A lost leaf (kLostNode) is made in memory, but where it is passed over.
enum class IfAbsent : std::uint8_t { nothing, create, pass_over };

class ChunkTrees {
 public:
  using Found = Completion<Result<NodePin, StoreError>>;
  using Next = Completion<Result<std::pair<std::uint64_t, NodePin>, StoreError>>;

  ChunkTrees(Catalog& catalog, NodeCache& cache) : catalog_(catalog), cache_(cache) {}

  // The leaf, pinned; empty: it does not exist. Perhaps before the call returns. An image that the catalog does not
  // have has no leaf, and none is created.
  void leaf(ImageId image, std::uint64_t leaf, IfAbsent if_absent, Found done);
  // The same, where that needs no read.
  std::optional<NodePin> leaf_in_memory(ImageId image, std::uint64_t leaf, IfAbsent if_absent);
  // The same for whoever goes on from there. nullopt: it is being read, and `loaded` is told how that ended, with the
  // leaf in memory: void(Result<void, StoreError>).
  template <class Loaded>
  std::optional<NodePin> leaf_or_load(const ChunkKey& chunk, IfAbsent if_absent, Loaded loaded) {
    auto found = leaf_in_memory(chunk.image, chunk.leaf(), if_absent);
    if (found) return found;
    leaf(chunk.image, chunk.leaf(), if_absent, [loaded = std::move(loaded)](Result<NodePin, StoreError> read) mutable {
      loaded(read ? Result<void, StoreError>() : read.error());
    });
    return std::nullopt;
  }
  // The entry of a chunk whose leaf that is. Of one that does not exist, as has just been found, it is empty but for
  // the highest version of what was there.
  ChunkEntry entry(const ChunkKey& chunk, const NodePin& leaf);
  // The first leaf from `leaf` on that exists and is not lost, with its index; an empty pin: there is none any more.
  void next_leaf(ImageId image, std::uint64_t leaf, Next done);
  // Of a leaf that is in memory: whoever changes it has it pinned.
  Node* resident_leaf(const ChunkKey& chunk);

  // Puts kLostNode where that node was, which cannot be read any more. Nobody uses what is below it.
  void lose(const NodeKey& node, PageStore::Done done);

  // Takes nodes without chunks out of their trees and tells which places were theirs. The highest version of what they
  // had stays above them.
  std::vector<BlockNumber> prune();

 private:
  struct Step {
    NodePin node;                    // the leaf; or the last node of the way that is in memory
    std::optional<NodeKey> to_load;  // the node below it, which has to be read
    NodeRef ref;                     // where
    bool absent = false;             // the node below it does not exist, or is passed over
    Version emptied;                 // absent: the highest version of what was there
  };

  StoredImage* find(ImageId image);
  Step descend(ImageId image, std::uint64_t leaf, IfAbsent if_absent, std::uint8_t level = 0);
  void raise(ImageId image, StoredImage& stored, std::uint64_t leaf);
  Step root(ImageId image, StoredImage& stored, IfAbsent if_absent);
  Version emptied(ImageId image, std::uint64_t leaf);
  Step below(Node& parent, std::uint64_t leaf, IfAbsent if_absent);
  std::uint64_t behind_gap(const Node& parent, std::uint64_t leaf);
  Node& create(const NodeKey& key, Node* parent, const Version& emptied);
  std::optional<Version> rest_of(const Node& node);

  Catalog& catalog_;
  NodeCache& cache_;
};

}  // namespace shoal::routing::journal
