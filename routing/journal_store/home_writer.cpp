#include "routing/journal_store/home_writer.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"

namespace shoal::routing::journal {

// From a half, where a checkpoint begins, to three quarters.
std::size_t home_writes_at_once(std::uint32_t used_blocks, std::uint32_t ring_blocks) {
  const std::uint64_t half = ring_blocks / 2, quarter = std::max(ring_blocks / 4, 1u);
  const std::uint64_t beyond = used_blocks > half ? std::min<std::uint64_t>(used_blocks - half, quarter) : 0;
  return kFewestHomeWrites + (kMostHomeWrites - kFewestHomeWrites) * beyond / quarter;
}

// All chunks are held from the beginning: what is read of them meanwhile is the old content or the new.
void HomeWriter::run(Done done) {
  CHECK(!done_);
  blocks_ = ledger_.overlay.blocks();
  for (const HomeBlock& block : blocks_) ledger_.space.hold(chunk_of(block.at));
  next_ = 0;
  result_ = {};
  done_ = std::move(done);
  pump();
}

// Refilled when half of them are done, so that the system is asked for many at once, and not for each by itself.
void HomeWriter::pump() {
  if (writing_ > at_once_ / 2) return;
  while (next_ < blocks_.size() && writing_ < at_once_) write(next_run());
  end_if_done();
}

HomeWriter::Run HomeWriter::next_run() {
  const std::size_t first = next_++;
  while (next_ < blocks_.size() && next_ - first < kHomeRunBlocks &&
         blocks_[next_].at.value == blocks_[next_ - 1].at.value + 1) {
    ++next_;
  }
  return Run(blocks_).subspan(first, next_ - first);
}

void HomeWriter::write(Run run) {
  ++writing_;
  Slices data;
  data.reserve(run.size());
  for (const HomeBlock& block : run) data.push_back(block.data);
  device_.write(run.front().at, std::move(data), SyncMode::none,
                [this, run](Result<void, StoreError> result) { on_written(run, result); });
}

// After an error, what has not begun is not begun any more.
void HomeWriter::on_written(Run run, Result<void, StoreError> result) {
  --writing_;
  for (const HomeBlock& block : run) {
    if (result) ledger_.overlay.settle(block);
    ledger_.space.release(chunk_of(block.at));
  }
  if (!result) result_ = result;
  while (!result_ && next_ < blocks_.size()) ledger_.space.release(chunk_of(blocks_[next_++].at));
  pump();
}

void HomeWriter::end_if_done() {
  if (writing_ > 0 || next_ < blocks_.size() || !done_) return;
  blocks_.clear();
  std::exchange(done_, nullptr)(result_);
}

}  // namespace shoal::routing::journal
