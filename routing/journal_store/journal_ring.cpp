#include "routing/journal_store/journal_ring.h"

namespace shoal::routing::journal {

std::optional<std::uint32_t> JournalRing::place(std::uint32_t frame_blocks) {
  if (head_ < tail_) {
    if (frame_blocks < tail_ - head_) return take(head_, frame_blocks);
    return std::nullopt;
  }
  const std::uint32_t to_end = blocks_ - head_;
  if (frame_blocks < to_end || (frame_blocks == to_end && tail_ > 0)) return take(head_, frame_blocks);
  if (frame_blocks < tail_) return take(0, frame_blocks);
  return std::nullopt;
}

std::optional<std::uint32_t> JournalRing::take(std::uint32_t at, std::uint32_t frame_blocks) {
  head_ = at + frame_blocks == blocks_ ? 0 : at + frame_blocks;
  return at;
}

}  // namespace shoal::routing::journal
