#include "routing/journal_store/check/tree_check.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "target/base/crc32c.h"

namespace shoal::routing::journal {
namespace {

constexpr std::size_t kReadsAtOnce = 64;

std::uint64_t chunks_below(std::uint8_t level) { return span_of(level, kChunksPerLeaf); }

std::vector<ImageRange> joined(std::vector<ImageRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const ImageRange& a, const ImageRange& b) {
    return std::tie(a.image, a.offset) < std::tie(b.image, b.offset);
  });
  std::vector<ImageRange> joined;
  for (const ImageRange& range : ranges) {
    const bool continues = !joined.empty() && joined.back().image == range.image &&
                           joined.back().offset + joined.back().length == range.offset;
    if (continues) {
      joined.back().length += range.length;
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

}  // namespace

void TreeCheck::run(Done done) {
  done_ = std::move(done);
  for (const auto& [id, image] : catalog_.images) {
    counts_.chunks[id] = 0;
    const NodeKey root{{TreeId::Kind::chunks, id}, image.root_level, 0};
    if (image.root.at.value != 0) pending_.push_back({root, image.root});
    if (image.root == kLostNode) give_up(range_of(root));
  }
  pump();
}

// The deepest first, so that not more waits than a node of each level has children.
void TreeCheck::pump() {
  while (!pending_.empty() && reading_ < kReadsAtOnce) {
    const Pending node = pending_.back();
    pending_.pop_back();
    read(node);
  }
  if (reading_ > 0 || !done_) return;
  std::sort(counts_.lost.begin(), counts_.lost.end());
  counts_.given_up = joined(std::move(counts_.given_up));
  std::exchange(done_, nullptr)(std::move(counts_));
}

void TreeCheck::read(const Pending& node) {
  if (node.ref.at >= first_block({superblock_.device_chunks})) return lose(node, "a node would lie beyond the device");
  ++reading_;
  SharedBytes bytes = aligned_bytes(kBlock);
  const MutableByteSpan into{bytes.get(), kBlock};
  device_.read(node.ref.at, into,
               [self = shared_from_this(), node, bytes = std::move(bytes)](Result<void, StoreError> result) {
                 --self->reading_;
                 const ByteSpan read{bytes.get(), kBlock};
                 const char* fault = result ? self->fault_of(node, read) : "the device does not give a node";
                 fault ? self->lose(node, fault) : self->take(node, read);
                 self->on_node_();
                 self->pump();
               });
}

const char* TreeCheck::fault_of(const Pending& node, ByteSpan bytes) const {
  if (crc32c(bytes) != node.ref.crc) return "a node is not what was written there";
  const auto header = node_header(bytes);
  if (!header || header->key != node.key || header->store != superblock_.store ||
      header->checkpoint > superblock_.checkpoint) {
    return "a node is another one than its place asks for";
  }
  const bool sound = node.key.level == 0 ? is_sound_chunk_leaf(bytes, superblock_.device_chunks)
                                         : is_sound_inner_node(bytes, superblock_.device_chunks);
  if (!sound) return "a node says what no sound store would have written";
  return nullptr;
}

void TreeCheck::take(const Pending& node, ByteSpan bytes) {
  switch (usage_.add_node(node.ref.at)) {
    case Claim::granted: break;
    case Claim::outside: return lose(node, "a node lies where none may");
    default: return lose(node, "a node lies in a chunk that has something else");
  }
  ++counts_.nodes;
  node.key.level > 0 ? take_children(node, bytes) : take_chunks(node, bytes);
}

void TreeCheck::take_children(const Pending& node, ByteSpan bytes) {
  for (std::uint32_t slot = kChildren; slot-- > 0;) {
    const NodeRef ref = child(bytes, slot);
    const auto level = static_cast<std::uint8_t>(node.key.level - 1);
    const NodeKey key{node.key.tree, level, node.key.index * kChildren + slot};
    if (ref == kLostNode) give_up(range_of(key));
    if (ref.at.value != 0) pending_.push_back({key, ref});
  }
}

void TreeCheck::take_chunks(const Pending& node, ByteSpan bytes) {
  for (std::uint32_t slot = 0; slot < kChunksPerLeaf; ++slot) {
    const ChunkEntry entry = chunk_entry(bytes, slot);
    if (entry.chunk.value != 0) take_chunk(node, slot, entry);
    if (entry.lost != 0) give_up_blocks(node, slot, entry.lost);
  }
}

void TreeCheck::take_chunk(const Pending& node, std::uint32_t slot, const ChunkEntry& entry) {
  const Claim claim = usage_.add_data(entry.chunk);
  if (claim == Claim::granted || claim == Claim::again) ++counts_.chunks[node.key.tree.image];
  if (claim == Claim::granted) return;
  ImageRange range = range_of(node.key);
  range.offset += std::uint64_t{slot} * kChunkBytes;
  range.length = kChunkBytes;
  Finding finding{.kind = Finding::Kind::entry, .range = range, .byte = byte_of(entry.chunk)};
  if (claim == Claim::again) {
    finding.what = "a chunk of the image lies where another chunk lies as well";
    finding.meaning = "blocks that the other one has written there are MEDIUM ERROR when they are read";
    finding.remedy = "nothing tells whose the place is; write the range again, whole chunks of 64 KiB at a time";
  } else {
    counts_.homeless.push_back({node.key.tree.image, node.key.index * kChunksPerLeaf + slot});
    finding.what = "a chunk of the image lies where no data may lie";
    finding.meaning =
        "its data are MEDIUM ERROR when they are read, and what is written there may destroy other things";
    finding.remedy = "shoal-fsck --repair gives the range up: it is lost until it is written again";
    finding.cure = Cure::repair;
  }
  findings_.push_back(std::move(finding));
}

void TreeCheck::give_up_blocks(const Pending& node, std::uint32_t slot, std::uint16_t blocks) {
  ImageRange range = range_of(node.key);
  const std::uint64_t chunk_at = range.offset + std::uint64_t{slot} * kChunkBytes;
  range.length = kBlock;
  for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block) {
    range.offset = chunk_at + std::uint64_t{block} * kBlock;
    if ((blocks & block_mask(block, 1)) != 0) give_up(range);
  }
}

void TreeCheck::lose(const Pending& node, const char* why) {
  counts_.lost.push_back(node.key);
  findings_.push_back(
      {.kind = Finding::Kind::node,
       .range = range_of(node.key),
       .byte = byte_of(node.ref.at),
       .what = why,
       .meaning = "where the data of this range lie is not known any more: they are MEDIUM ERROR when they are read",
       .remedy = "shoal-fsck --repair starts the store with that range lost, until it is written again; its data have "
                 "to come from a copy or a backup",
       .cure = Cure::repair});
}

ImageRange TreeCheck::range_of(const NodeKey& key) const {
  const std::uint64_t chunks = chunks_below(key.level);
  return {.image = key.tree.image,
          .offset = key.index * chunks * kChunkBytes,
          .length = chunks * kChunkBytes,
          .page_bytes = catalog_.images.at(key.tree.image).page_bytes};
}

}  // namespace shoal::routing::journal
