#include "routing/journal_store/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace shoal::routing::journal {
namespace {

constexpr std::uint32_t kWindowBlocks = 4 * kMaxFrameBlocks;

}  // namespace

void Replay::run(Done done) {
  done_ = std::move(done);
  read_window(outcome_.end.block, &Replay::go_on);
}

void Replay::read_window(std::uint32_t block, void (Replay::*then)()) {
  window_block_ = block;
  window_blocks_ = std::min(kWindowBlocks, ring_blocks_ - block);
  window_ = aligned_bytes(std::size_t{window_blocks_} * kBlock);
  device_.read(
      block_of_ring(block), {window_.get(), std::size_t{window_blocks_} * kBlock},
      [self = shared_from_this(), then](Result<void, StoreError> result) {
        if (!result) {
          return self->done_(self->fault(ReplayFault::Kind::unreadable,
                                         fmt::format("the journal cannot be read: {}", to_string(result.error()))));
        }
        ((*self).*then)();
      });
}

ByteSpan Replay::window_at(std::uint32_t block) const {
  const std::size_t skip = std::size_t{block - window_block_} * kBlock;
  return ByteSpan{window_.get(), std::size_t{window_blocks_} * kBlock}.subspan(skip);
}

// Frame by frame, until something has to be waited for. A frame stands at the present end, or at the ring's beginning
// if it did not fit here.
void Replay::go_on() {
  while (apply_frame()) {
    const std::uint32_t block = outcome_.end.block;
    if (!is_in_window(block)) return read_window(block, &Replay::go_on);
    if (take_frame_at(block)) continue;
    if (block == 0) return look_behind_end();
    return read_window(0, &Replay::try_beginning);
  }
}

// And as much behind it as a frame may have.
bool Replay::is_in_window(std::uint32_t block) const {
  const std::uint32_t end = window_block_ + window_blocks_;
  if (block < window_block_ || block >= end) return false;
  return end - block >= kMaxFrameBlocks || end == ring_blocks_;
}

void Replay::try_beginning() {
  if (take_frame_at(0)) return go_on();
  look_behind_end();
}

bool Replay::take_frame_at(std::uint32_t block) {
  const ByteSpan at = window_at(block);
  auto frame = decode_frame(at, chain_);
  if (!frame || frame->head.seq != outcome_.end.seq || frame->head.previous_crc != outcome_.end.previous_crc) {
    return false;
  }
  frame_ = std::move(*frame);
  data_ = at.subspan(std::size_t{frame_.data_at} * kBlock);
  const std::uint32_t end = block + frame_.blocks;
  behind_frame_ = {end == ring_blocks_ ? 0 : end, frame_.head.seq + 1, frame_.head_crc};
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
    (void)ledger_.apply(record, Slice::share(window_, data_.first(bytes)));  // stale was stale when it was written, too
    data_ = data_.subspan(bytes);
    leaves_.clear();
  }
  if (behind_frame_) {
    outcome_.end = *std::exchange(behind_frame_, std::nullopt);
    ++outcome_.frames;
  }
  return true;
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
void Replay::look_behind_end() { read_window(0, &Replay::look_in_window); }

// Windows overlap by a frame, so that each head is whole in one of them.
void Replay::look_in_window() {
  if (const auto loss = loss_in_window()) return done_(*loss);
  const std::uint32_t end = window_block_ + window_blocks_;
  if (end == ring_blocks_) return done_(outcome_);
  read_window(end - kMaxFrameBlocks, &Replay::look_in_window);
}

// A frame of the next chain was written behind a checkpoint that was newer than what was found.
std::optional<ReplayFault> Replay::loss_in_window() const {
  constexpr const char* kWayOut = "is lost here; another copy has it, or a backup";
  for (std::uint32_t i = 0; i < window_blocks_; ++i) {
    const ByteSpan at = window_at(window_block_ + i);
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

ReplayFault Replay::fault(ReplayFault::Kind kind, std::string words) const {
  return {kind, outcome_.end, outcome_.frames, std::move(words)};
}

}  // namespace shoal::routing::journal
