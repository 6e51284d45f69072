#include "test/crash/journal_breaches.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "routing/journal_store/format_layout.h"
#include "routing/journal_store/node.h"
#include "target/base/crc32c.h"
#include "test/crash/frame_forger.h"
#include "test/crash/journal_watch.h"

namespace shoal::crash {

using namespace routing::journal;
using routing::kChunkBytes;

namespace {

Slice filled(std::size_t size, int value) {
  MutableByteSpan bytes;
  Slice slice = Slice::fresh(size, bytes);
  std::ranges::fill(bytes, static_cast<std::byte>(value));
  return slice;
}

// ---- what is durable when it is answered

struct FramesNotDurable final : JournalWatch {
  void on_frame(DeviceWrite& write, DeviceWrites&) override { write.durable = false; }
};

struct ChunksNotDurable final : JournalWatch {
  void on_space(DeviceWrite& write) override { write.durable = false; }
};

struct SuperblocksNotDurable final : JournalWatch {
  bool on_superblock(DeviceWrite& write) override {
    write.durable = false;
    return true;
  }
};

struct FramesNotSynced final : JournalWatch {
  bool on_sync_of_frames() override { return false; }
};

struct GrowthNotSynced final : JournalWatch {
  bool on_sync_of_growth() override { return false; }
};

struct OpeningNotSynced final : JournalWatch {
  bool on_sync_at_opening() override { return false; }
};

// ---- the order of a checkpoint

struct NodesNotSynced final : JournalWatch {
  bool on_sync_of_checkpoint(DeviceWrites&) override { return false; }
};

struct OldNodesOverwritten final : JournalWatch {
  bool on_sync_of_checkpoint(DeviceWrites& others) override {
    others.push_back({byte_of(superblock()->space.at), filled(kBlock, 0x99)});
    return true;
  }
};

// Whatever is written there next, it overwrites the first frame that the newest checkpoint needs.
struct TailMovedEarly final : JournalWatch {
  void on_frame(DeviceWrite& write, DeviceWrites&) override { frames_.insert(write.offset); }
  bool on_sync_of_checkpoint(DeviceWrites& others) override {
    const std::uint64_t tail = byte_of(block_of_ring(superblock()->replay.block));
    if (frames_.contains(tail)) others.push_back({tail, filled(kBlock, 0)});
    frames_.clear();
    return true;
  }

  std::set<std::uint64_t> frames_;  // since the last checkpoint
};

struct OneSuperblock final : JournalWatch {
  bool on_superblock(DeviceWrite& write) override { return write.offset % kChunkBytes == 0; }
};

// The catalog says that its first image has a chunk more than its tree, and the superblock fits that.
class ChunksMiscounted final : public JournalWatch {
  void on_space(DeviceWrite& write) override {
    MutableByteSpan bytes;
    Slice written = Slice::fresh(write.bytes.size(), bytes);
    std::ranges::copy(write.bytes.bytes(), bytes.begin());
    for (std::size_t at = 0; at < bytes.size(); at += kBlock) {
      const MutableByteSpan block = bytes.subspan(at, kBlock);
      if (!is_whole_catalog(block)) continue;
      miscount(body(block).subspan(catalog_layout::kBytes));
      crcs_[(write.offset + at) / kBlock] = crc32c(block);
    }
    write.bytes = std::move(written);
  }

  bool on_superblock(DeviceWrite& write) override {
    auto superblock = decode_superblock(write.bytes.bytes());
    if (!superblock) return true;
    const auto miscounted = crcs_.find(superblock->catalog.at.value);
    if (miscounted == crcs_.end()) return true;
    superblock->catalog.crc = miscounted->second;
    MutableByteSpan bytes;
    write.bytes = Slice::fresh(kBlock, bytes);
    encode(*superblock, bytes);
    return true;
  }

  // With images, and so short that it ends in its only node.
  static bool is_whole_catalog(ByteSpan block) {
    const auto header = node_header(block);
    if (!header || header->key != NodeKey{.tree = {TreeId::Kind::catalog}}) return false;
    return catalog_layout::Images::get(body(block)) > 0 && all_zero(block.last(promise_layout::kBytes));
  }

  static void miscount(MutableByteSpan image) {
    image_layout::Chunks::put(image, image_layout::Chunks::get(image) + 1);
  }

  std::map<std::uint64_t, std::uint32_t> crcs_;  // by the node's block
};

// ---- only what is durable in the journal goes home, or frees a chunk

struct HomesWrittenEarly final : JournalWatch {
  void on_frame(DeviceWrite& write, DeviceWrites& others) override {
    const auto frame = decode_frame(write.bytes.bytes(), superblock()->chain);
    if (write.durable || !frame) return;
    std::size_t at = std::size_t{frame->data_at} * kBlock;
    for (const JournalRecord& record : frame->records) {
      const std::size_t bytes = std::size_t{data_blocks(record)} * kBlock;
      const std::uint64_t home = byte_of(record.home) + std::uint64_t{record.first_block % kBlocksPerChunk} * kBlock;
      if (bytes > 0) others.push_back({home, write.bytes.sub(at, bytes)});
      at += bytes;
    }
  }
};

// Knows of a chunk only if it was written since the process began.
struct FreedChunksReused final : JournalWatch {
  using Place = std::pair<routing::PageId, std::uint32_t>;  // chunk of the page

  void on_frame(DeviceWrite& write, DeviceWrites& others) override {
    const auto frame = decode_frame(write.bytes.bytes(), superblock()->chain);
    if (!frame) return;
    for (const JournalRecord& record : frame->records) {
      const auto freed = follow(record);
      if (freed && !write.durable) others.push_back({byte_of(*freed), filled(kChunkBytes, 0x99)});
    }
  }

  std::optional<ChunkNumber> follow(const JournalRecord& record) {
    if (record.kind != JournalKind::place && record.kind != JournalKind::write) return std::nullopt;
    ChunkNumber& home = homes_[{record.page, record.first_block / kBlocksPerChunk}];
    const ChunkNumber before = std::exchange(home, record.home);
    return before.value != 0 && before != home ? std::optional(before) : std::nullopt;
  }

  std::map<Place, ChunkNumber> homes_;
};

// ---- what is in the journal

class ForgedFrames : public JournalWatch {
 public:
  explicit ForgedFrames(FrameForger::Change change) : forger_(std::move(change)) {}
  void on_frame(DeviceWrite& write, DeviceWrites&) override {
    write.bytes = forger_.forge_frame(write.bytes, superblock()->chain);
  }
  bool on_superblock(DeviceWrite& write) override {
    if (superblock()) write.bytes = forger_.forge_superblock(write.bytes);
    return true;
  }

 private:
  FrameForger forger_;
};

// Something of the same length that says nothing.
void empty_promise(JournalRecord& record) { record = {.kind = JournalKind::promise, .page = record.page}; }

void forget_promises(JournalRecord& record) {
  if (record.kind == JournalKind::promise) empty_promise(record);
}

void forget_fences(JournalRecord& record) {
  if (record.kind == JournalKind::fence) empty_promise(record);
}

// But for what it clears.
void forget_voids(JournalRecord& record) {
  if (record.kind != JournalKind::voided) return;
  if (record.blocks == 0) return empty_promise(record);
  record.kind = JournalKind::clear;
  record.attempt = 0;
}

MakeBreach without(void (*forget)(JournalRecord&)) {
  return [forget] {
    return std::make_unique<ForgedFrames>([forget](Frame& frame) { std::ranges::for_each(frame.records, forget); });
  };
}

void hide_what_was_durable(Frame& frame) { frame.head.durable_seq = 0; }

// ---- what is taken for the journal

// Whatever frame with the right number stands where the next one belongs is made one that continues the chain.
class AnyChain final : public JournalWatch {
  void on_read_of_journal(std::uint32_t block, MutableByteSpan read) override {
    if (!next_) next_ = superblock()->replay;
    const std::uint32_t ring_blocks = superblock()->journal_chunks * kBlocksPerChunk;
    while (true) {
      const auto blocks = forge(block, read, next_->block);
      const auto from_beginning = blocks ? std::nullopt : forge(block, read, 0);
      if (!blocks && !from_beginning) return;
      const std::uint32_t end = blocks ? next_->block + *blocks : *from_beginning;
      next_->block = end == ring_blocks ? 0 : end;
    }
  }

  // nullopt: none stands there.
  std::optional<std::uint32_t> forge(std::uint32_t first, MutableByteSpan read, std::uint32_t at) {
    if (at < first || (at - first) * std::size_t{kBlock} >= read.size()) return std::nullopt;
    const MutableByteSpan bytes = read.subspan((at - first) * std::size_t{kBlock});
    auto frame = decode_frame(bytes, frame_layout::Chain::get(bytes));
    if (!frame || frame->head.seq != next_->seq) return std::nullopt;
    frame->head.chain = superblock()->chain;
    frame->head.previous_crc = next_->previous_crc;
    next_->previous_crc = encode_frame(frame->head, frame->records, bytes.first(std::size_t{frame->blocks} * kBlock));
    ++next_->seq;
    return frame->blocks;
  }

  std::optional<JournalPosition> next_;
};

template <class Made>
MakeBreach make() {
  return [] { return std::make_unique<Made>(); };
}

}  // namespace

const std::map<std::string, MakeBreach>& journal_breaches() {
  static const std::map<std::string, MakeBreach> all{
      {"durable-frames", make<FramesNotDurable>()},
      {"durable-chunks", make<ChunksNotDurable>()},
      {"durable-superblocks", make<SuperblocksNotDurable>()},
      {"synced-frames", make<FramesNotSynced>()},
      {"synced-growth", make<GrowthNotSynced>()},
      {"synced-opening", make<OpeningNotSynced>()},
      {"nodes-before-superblock", make<NodesNotSynced>()},
      {"old-nodes-kept", make<OldNodesOverwritten>()},
      {"tail-kept", make<TailMovedEarly>()},
      {"two-superblocks", make<OneSuperblock>()},
      {"counted-chunks", make<ChunksMiscounted>()},
      {"homes-after-frames", make<HomesWrittenEarly>()},
      {"frees-after-frames", make<FreedChunksReused>()},
      {"journalled-promises", without(forget_promises)},
      {"journalled-voids", without(forget_voids)},
      {"journalled-fences", without(forget_fences)},
      {"durable-seq", [] { return std::make_unique<ForgedFrames>(hide_what_was_durable); }},
      {"chain", make<AnyChain>()},
  };
  return all;
}

}  // namespace shoal::crash
