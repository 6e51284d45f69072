#include "routing/journal_store/block_repair.h"

#include <utility>

#include "routing/journal_store/aligned.h"
#include "target/base/crc32c.h"

namespace shoal::routing::journal {

void BlockRepair::repair(const DamagedBlock& block, Completion<Slice> done) {
  ++counters_.damaged;
  device_.log().error("store_block_damaged path={} image={} page={} offset={} byte={}", quoted(device_.path()),
                      block.page.image.value, block.page.index.value, block.block * kBlock, byte_of(block.at));
  if (!source_) return done({});
  space_.hold(chunk_of(block.at));  // its image may be dropped before the source answers
  const std::uint64_t number = next_number_++;
  waiting_.emplace(number, Waiting{block, std::move(done)});
  source_->fetch(block.page, block.block * kBlock, kBlock,
                 [this, alive = std::weak_ptr<void>(alive_), number](std::optional<ReadAnswer> answer) {
                   if (alive.lock()) on_fetched(number, std::move(answer));
                 });
}

void BlockRepair::on_fetched(std::uint64_t number, std::optional<ReadAnswer> answer) {
  Waiting waiting = std::move(waiting_.extract(number).mapped());
  const DamagedBlock& block = waiting.block;
  auto done = [this, chunk = chunk_of(block.at), told = std::move(waiting.done)](Slice good) mutable {
    space_.release(chunk);
    told(std::move(good));
  };
  if (!answer || total_size(answer->data) != kBlock) return done({});
  MutableByteSpan bytes;
  const Slice good = aligned_slice(kBlock, bytes);
  copy_out(answer->data, bytes);
  if (crc32c(bytes) != block.expected_crc) return done({});
  device_.write(block.at, {good}, SyncMode::data,
                [this, at = block.at, good, done = std::move(done)](Result<void, StoreError> result) mutable {
                  if (result) {
                    ++counters_.repaired;
                    device_.log().info("store_block_repaired path={} byte={}", quoted(device_.path()), byte_of(at));
                  }
                  done(std::move(good));
                });
}

}  // namespace shoal::routing::journal
