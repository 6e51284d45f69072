#include "routing/journal_store/check/data_check.h"

#include <utility>

#include "target/base/crc32c.h"

namespace shoal::routing::journal {

void DataCheck::run(Completion<> done) {
  done_ = std::move(done);
  for (auto image = ledger_.catalog.images.rbegin(); image != ledger_.catalog.images.rend(); ++image) {
    if (!image->second.dropped) images_.push_back(image->first);
  }
  go_on();
}

// A loop, since leaves that are in memory, with data that are not on the device, take no time.
void DataCheck::go_on() {
  if (std::exchange(looping_, true)) return;
  while (!waiting_ && !images_.empty()) {
    waiting_ = true;
    next_leaf();
  }
  looping_ = false;
  if (!waiting_) std::exchange(done_, nullptr)();
}

// A leaf that cannot be read is a finding already.
void DataCheck::next_leaf() {
  ledger_.trees.next_leaf(images_.back(), leaf_,
                          [self = shared_from_this()](Result<std::pair<std::uint64_t, NodePin>, StoreError> found) {
                            if (!found || !found->second) return self->next_image();
                            self->take_leaf(found->first, *found->second);
                          });
}

void DataCheck::next_image() {
  images_.pop_back();
  leaf_ = 0;
  waiting_ = false;
  go_on();
}

void DataCheck::take_leaf(std::uint64_t leaf, const Node& node) {
  leaf_ = leaf + 1;
  reading_ = 1;
  for (std::uint32_t slot = 0; slot < kChunksPerLeaf; ++slot) {
    const ChunkKey key{images_.back(), leaf * kChunksPerLeaf + slot};
    const ChunkEntry entry = chunk_entry(node.view(), slot);
    const std::uint16_t blocks = on_device(key, entry);
    for (std::uint32_t first = 0; first < kBlocksPerChunk;) {
      std::uint32_t count = 0;
      while (first + count < kBlocksPerChunk && (blocks >> (first + count) & 1) != 0) ++count;
      if (count > 0) read({key, entry, first, count});
      first += count + 1;
    }
  }
  on_run_done();
}

std::uint16_t DataCheck::on_device(const ChunkKey& key, const ChunkEntry& entry) const {
  std::uint16_t blocks = entry.chunk.value == 0 ? std::uint16_t{0} : entry.written;
  for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block) {
    if (ledger_.overlay.find(key, block)) blocks &= static_cast<std::uint16_t>(~block_mask(block, 1));
  }
  return blocks;
}

void DataCheck::read(const Run& run) {
  ++reading_;
  SharedBytes bytes = aligned_bytes(std::size_t{run.count} * kBlock);
  const MutableByteSpan into{bytes.get(), std::size_t{run.count} * kBlock};
  device_.read({first_block(run.entry.chunk).value + run.first}, into,
               [self = shared_from_this(), run, into, bytes = std::move(bytes)](Result<void, StoreError> result) {
                 if (result) {
                   self->check(run, into);
                 } else if (run.count == 1) {
                   self->report(run, false);
                 } else {  // which of them
                   for (std::uint32_t i = 0; i < run.count; ++i) self->read({run.chunk, run.entry, run.first + i, 1});
                 }
                 self->on_run_done();
               });
}

void DataCheck::check(const Run& run, ByteSpan bytes) {
  on_blocks_(run.count);
  const auto fits = [&](std::uint32_t i) {
    return crc32c(bytes.subspan(std::size_t{i} * kBlock, kBlock)) == run.entry.crcs[run.first + i];
  };
  for (std::uint32_t i = 0; i < run.count; ++i) {
    const std::uint32_t first = i;
    while (i < run.count && !fits(i)) ++i;
    if (i > first) report({run.chunk, run.entry, run.first + first, i - first}, true);
  }
}

void DataCheck::report(const Run& run, bool readable) {
  findings_.push_back({.kind = Finding::Kind::data,
                       .range = ImageRange{.image = run.chunk.image,
                                           .offset = run.chunk.index * kChunkBytes + std::uint64_t{run.first} * kBlock,
                                           .length = std::uint64_t{run.count} * kBlock,
                                           .page_bytes = ledger_.catalog.images.at(run.chunk.image).page_bytes},
                       .byte = byte_of(BlockNumber{first_block(run.entry.chunk).value + run.first}),
                       .what = readable ? "data are not what was written there" : "the device does not give data",
                       .meaning = "the range is MEDIUM ERROR when it is read, until it is written again",
                       .remedy = "its data have to come from a copy or a backup; nothing here has them"});
}

void DataCheck::on_run_done() {
  if (--reading_ > 0) return;
  waiting_ = false;
  go_on();
}

}  // namespace shoal::routing::journal
