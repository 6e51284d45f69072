#include "routing/journal_store/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "routing/journal_store/format_layout.h"

namespace shoal::routing::journal {
namespace {

// How many blocks the frame has that begins here, if its first block says that it is that one; nothing else of it is
// looked at. 0: it is not that one.
std::uint32_t claimed_blocks(ByteSpan at, const ChainId& chain, std::uint64_t seq) {
  namespace layout = frame_layout;
  const bool claims = layout::Magic::get(at) == layout::kMagic && layout::Chain::get(at) == chain;
  return claims && layout::Seq::get(at) == seq ? std::min(layout::Blocks::get(at), kMaxFrameBlocks) : 0;
}

}  // namespace

void Replay::run(Done done) {
  done_ = std::move(done);
  read_window(outcome_.end.block, &Replay::go_on);
}

void Replay::read_window(std::uint32_t block, void (Replay::*then)()) {
  read_ring_window(device_, ring_blocks_, block,
                   [self = shared_from_this(), then](Result<RingWindow, StoreError> window) {
                     if (!window) return self->fail_no_resources(window.error());
                     self->window_ = std::move(*window);
                     ((*self).*then)();
                   });
}

// Frame by frame, until something has to be waited for. A frame stands at the present end, or at the ring's beginning
// if it did not fit here.
void Replay::go_on() {
  while (apply_frame()) {
    const std::uint32_t block = outcome_.end.block;
    if (!is_in_window(block)) return read_window(block, &Replay::go_on);
    if (take_frame_at(block)) continue;
    look_for_gap(block);
    if (block == 0) return look_behind_end();
    return read_window(0, &Replay::try_beginning);
  }
}

// And as much behind it as a frame may have.
bool Replay::is_in_window(std::uint32_t block) const {
  if (block < window_.first || block >= window_.end()) return false;
  return window_.end() - block >= kMaxFrameBlocks || window_.end() == ring_blocks_;
}

// A frame that fits where the one before it ends stands there.
void Replay::try_beginning() {
  if (take_frame_at(0)) return go_on();
  if (ring_blocks_ - outcome_.end.block < kMaxFrameBlocks) look_for_gap(0);
  look_behind_end();
}

// Of what stands there only the first block says whether it is the next frame. If that is not given it may be.
void Replay::look_for_gap(std::uint32_t block) {
  if (gap_) return;
  const std::uint32_t blocks = std::max(claimed_blocks(window_.from(block), chain_, outcome_.end.seq), 1u);
  const auto missing = window_.first_unreadable(block, blocks);
  if (!missing) return;
  gap_ = {*missing, *missing + 1};
  while (gap_->behind < window_.end() && window_.first_unreadable(gap_->behind, 1)) ++gap_->behind;
  if (gap_->behind == ring_blocks_) gap_->behind = 0;
}

bool Replay::take_frame_at(std::uint32_t block) {
  const ByteSpan at = window_.from(block);
  auto frame = decode_frame(at, chain_);
  if (!frame || frame->head.seq != outcome_.end.seq || frame->head.previous_crc != outcome_.end.previous_crc) {
    return false;
  }
  frame_ = std::move(*frame);
  data_ = at.subspan(std::size_t{frame_.data_at} * kBlock);
  const std::uint32_t end = block + frame_.blocks;
  behind_frame_ = {end == ring_blocks_ ? 0 : end, frame_.head.seq + 1, frame_.head_crc};
  gap_.reset();
  record_ = part_ = 0;
  return true;
}

// Record by record, since an image may be described by the record before. False: waits, or has failed.
bool Replay::apply_frame() {
  for (; record_ < frame_.records.size(); ++record_, part_ = 0) {
    const JournalRecord& record = frame_.records[record_];
    if (ledger_.counts(record)) {
      if (!ledger_.is_possible(record)) return fail_impossible();
      if (!find_leaves(record)) return false;
      if (!ledger_.suits_leaves(record)) return fail_impossible();
    }
    const std::size_t bytes = data_blocks(record) * kBlock;
    // What is stale now was stale when it was written, too.
    (void)ledger_.apply(record, Slice::share(window_.bytes, data_.first(bytes)));
    data_ = data_.subspan(bytes);
    leaves_.clear();
  }
  if (behind_frame_) {
    outcome_.end = *std::exchange(behind_frame_, std::nullopt);
    ++outcome_.frames;
  }
  return true;
}

void Replay::fail_no_resources(StoreError error) {
  done_(fault(ReplayFault::Kind::no_resources, fmt::format("the journal cannot be read: {}", to_string(error))));
}

bool Replay::fail_impossible() {
  done_(fault(ReplayFault::Kind::impossible,
              fmt::format("frame {} of the journal says what no sound store would have written", frame_.head.seq)));
  return false;
}

bool Replay::find_leaves(const JournalRecord& record) {
  const bool fills = record.kind == JournalKind::write || record.kind == JournalKind::place;
  const auto parts = ledger_.parts(record.page, record.first_block, record.blocks);
  for (; part_ < parts.size(); ++part_) {
    const ChunkKey& chunk = parts[part_].chunk;
    const IfAbsent if_absent = fills ? IfAbsent::create : IfAbsent::nothing;
    auto leaf =
        ledger_.trees.leaf_or_load(chunk, if_absent, [self = shared_from_this()](Result<void, StoreError> loaded) {
          if (loaded) return self->go_on();
          self->done_(self->fault(ReplayFault::Kind::metadata_damaged,
                                  "metadata that the journal changes are damaged (see the log)"));
        });
    if (!leaf) return false;
    leaves_.push_back(std::move(*leaf));
  }
  return true;
}

// ---- the end ----------------------------------------------------------------------------------------------------

// However much is missing: what was written behind it lies somewhere in the ring.
void Replay::look_behind_end() {
  walk_ring(
      device_, ring_blocks_,
      [self = shared_from_this()](const RingWindow& window) {
        self->count_unreadable(window);
        self->loss_ = self->loss_in(window);
        return !self->loss_;
      },
      [self = shared_from_this()](Result<void, StoreError> result) {
        result ? self->finish() : self->fail_no_resources(result.error());
      });
}

void Replay::finish() {
  if (loss_) return done_(*loss_);
  if (!gap_) return done_(outcome_);
  done_(fault(ReplayFault::Kind::unreadable,
              fmt::format("the device does not give byte {}, where frame {} of the journal may be, and something that "
                          "was acknowledged may be in it",
                          byte_of(block_of_ring(gap_->block)), outcome_.end.seq)));
}

// Windows overlap. One line for each run of them.
void Replay::count_unreadable(const RingWindow& window) {
  const auto& blocks = window.unreadable;
  for (auto at = std::ranges::lower_bound(blocks, counted_to_); at != blocks.end();) {
    auto end = at + 1;
    while (end != blocks.end() && *end == *(end - 1) + 1) ++end;
    const auto count = static_cast<std::uint32_t>(end - at);
    outcome_.unreadable_blocks += count;
    device_.log().warn("store_journal_unreadable path={} byte={} bytes={}", quoted(device_.path()),
                       byte_of(block_of_ring(*at)), std::uint64_t{count} * kBlock);
    at = end;
  }
  counted_to_ = window.end();
}

// A frame of the next chain was written behind a checkpoint that was newer than what was found.
std::optional<ReplayFault> Replay::loss_in(const RingWindow& window) const {
  constexpr const char* kWayOut = "is lost here; another copy has it, or a backup";
  for (std::uint32_t block = window.first; block < window.end(); ++block) {
    const ByteSpan at = window.from(block);
    const auto later = decode_frame_head(at, chain_);
    if (later && later->durable_seq >= outcome_.end.seq) {
      return fault(ReplayFault::Kind::frame_lost,
                   fmt::format("the journal is damaged: frame {} was durable and cannot be read any more. What was "
                               "acknowledged since then {}",
                               outcome_.end.seq, kWayOut));
    }
    if (decode_frame_head(at, next_chain_)) {
      return fault(ReplayFault::Kind::superblock_lost,
                   fmt::format("its newest superblocks are damaged: the journal was used behind a later one. What was "
                               "acknowledged then {}",
                               kWayOut));
    }
  }
  return std::nullopt;
}

// The next frame is not to be looked for where the device does not give it.
ReplayFault Replay::fault(ReplayFault::Kind kind, std::string words) const {
  ReplayFault fault{kind, outcome_.end.block, outcome_.end, outcome_.frames, std::move(words)};
  if (!gap_) return fault;
  fault.block = gap_->block;
  fault.end.block = gap_->behind;
  return fault;
}

}  // namespace shoal::routing::journal
