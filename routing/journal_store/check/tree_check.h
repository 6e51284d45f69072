// TreeCheck: reads every node of the trees of all images, as the checkpoint has them, and counts what they use.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "routing/journal_store/aligned.h"
#include "routing/journal_store/catalog.h"
#include "routing/journal_store/check/finding.h"
#include "routing/journal_store/check/usage.h"
#include "routing/journal_store/chunk_trees.h"
#include "routing/journal_store/device.h"
#include "routing/journal_store/node.h"

namespace shoal::routing::journal {

struct TreeCounts {
  std::uint64_t nodes = 0;                  // that are sound
  std::vector<NodeKey> lost;                // that are not, in order: nothing below is known
  std::map<ImageId, std::uint64_t> chunks;  // that images have
  std::vector<ChunkKey> homeless;           // that lie where no data may lie; not counted
  std::vector<ImageRange> given_up;         // that were lost in an earlier repair, in order
};

class TreeCheck : public std::enable_shared_from_this<TreeCheck> {
 public:
  using Done = Completion<TreeCounts>;
  using OnNode = std::function<void()>;

  // All of these outlive it.
  TreeCheck(Device& device, const Superblock& superblock, const Catalog& catalog, Usage& usage,
            std::vector<Finding>& findings, OnNode on_node)
      : device_(device),
        superblock_(superblock),
        catalog_(catalog),
        usage_(usage),
        findings_(findings),
        on_node_(std::move(on_node)) {}

  void run(Done done);

 private:
  struct Pending {
    NodeKey key;
    NodeRef ref;
  };

  void pump();
  void read(const Pending& node);
  const char* fault_of(const Pending& node, ByteSpan bytes) const;
  void take(const Pending& node, ByteSpan bytes);
  void take_children(const Pending& node, ByteSpan bytes);
  void take_chunks(const Pending& node, ByteSpan bytes);
  void take_chunk(const Pending& node, std::uint32_t slot, const ChunkEntry& entry);
  void give_up(const ImageRange& range) { counts_.given_up.push_back(range); }
  void give_up_blocks(const Pending& node, std::uint32_t slot, std::uint16_t blocks);
  void lose(const Pending& node, const char* why);
  ImageRange range_of(const NodeKey& key) const;

  Device& device_;
  const Superblock& superblock_;
  const Catalog& catalog_;
  Usage& usage_;
  std::vector<Finding>& findings_;
  OnNode on_node_;
  TreeCounts counts_;
  std::vector<Pending> pending_;
  std::size_t reading_ = 0;
  Done done_;
};

}  // namespace shoal::routing::journal
