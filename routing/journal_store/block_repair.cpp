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
  const std::uint64_t number = next_number_++;
  waiting_.emplace(number, Waiting{block, std::move(done)});
  source_->fetch(block.page, block.block * kBlock, kBlock,
                 [this, alive = std::weak_ptr<void>(alive_), number](std::optional<ReadAnswer> answer) {
                   if (alive.lock()) on_fetched(number, std::move(answer));
                 });
}

void BlockRepair::on_fetched(std::uint64_t number, std::optional<ReadAnswer> answer) {
  auto [block, done] = std::move(waiting_.extract(number).mapped());
  if (!answer || total_size(answer->data) != kBlock) return done({});
  MutableByteSpan bytes;
  const Slice good = aligned_slice(kBlock, bytes);
  copy_out(answer->data, bytes);
  if (crc32c(bytes) != block.expected_crc) return done({});
  space_.hold(chunk_of(block.at));
  device_.write(block.at, {good}, SyncMode::data,
                [this, block = block, good, done = std::move(done)](Result<void, StoreError> result) mutable {
                  space_.release(chunk_of(block.at));
                  if (result) {
                    ++counters_.repaired;
                    device_.log().info("store_block_repaired path={} byte={}", quoted(device_.path()),
                                       byte_of(block.at));
                  }
                  done(std::move(good));
                });
}

}  // namespace shoal::routing::journal
