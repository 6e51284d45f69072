#include "routing/journal_store/home_writer.h"

#include <utility>

#include "target/base/check.h"

namespace shoal::routing::journal {
namespace {

ChunkNumber last_chunk(const HomeRun& run) { return chunk_of({run.at.value + run.data.size() - 1}); }

}  // namespace

void HomeWriter::run(Done done) {
  CHECK(!done_);
  runs_ = ledger_.overlay.runs(kHomeRunBlocks);
  for (const HomeRun& run : runs_) hold(run);
  next_ = 0;
  result_ = {};
  done_ = std::move(done);
  pump();
}

void HomeWriter::hold(const HomeRun& run) {
  for (ChunkNumber chunk = chunk_of(run.at); chunk <= last_chunk(run); ++chunk.value) ledger_.space.hold(chunk);
}

void HomeWriter::release(const HomeRun& run) {
  for (ChunkNumber chunk = chunk_of(run.at); chunk <= last_chunk(run); ++chunk.value) ledger_.space.release(chunk);
}

void HomeWriter::pump() {
  while (next_ < runs_.size() && writing_ < kHomeWrites) {
    ++writing_;
    write(runs_[next_++]);
  }
  end_if_done();
}

void HomeWriter::write(const HomeRun& run) {
  device_.write(run.at, run.data, SyncMode::none, [this, &run](Result<void, StoreError> result) {
    --writing_;
    if (result) {
      ledger_.overlay.settle(run);
    } else {
      give_up(result);
    }
    release(run);
    pump();
  });
}

// What has not begun is not begun any more.
void HomeWriter::give_up(Result<void, StoreError> result) {
  result_ = result;
  while (next_ < runs_.size()) release(runs_[next_++]);
}

void HomeWriter::end_if_done() {
  if (writing_ > 0 || next_ < runs_.size() || !done_) return;
  runs_.clear();
  std::exchange(done_, nullptr)(result_);
}

}  // namespace shoal::routing::journal
