// JournalRing: where in the journal the next frame goes. Frames lie one behind the other and are not cut at the end:
// one that does not fit there begins at block 0. Pure.
#pragma once

#include <cstdint>
#include <optional>

namespace shoal::routing::journal {

class JournalRing {
 public:
  explicit JournalRing(std::uint32_t blocks, std::uint32_t at = 0) : blocks_(blocks), head_(at), tail_(at) {}

  // nullopt: frames that are still needed are in the way.
  std::optional<std::uint32_t> place(std::uint32_t frame_blocks);
  // Frames before `block` are not needed any more.
  void free_before(std::uint32_t block) { tail_ = block; }
  std::uint32_t used() const { return head_ >= tail_ ? head_ - tail_ : blocks_ - tail_ + head_; }
  std::uint32_t blocks() const { return blocks_; }
  std::uint32_t head() const { return head_; }

 private:
  std::optional<std::uint32_t> take(std::uint32_t at, std::uint32_t frame_blocks);

  std::uint32_t blocks_;
  std::uint32_t head_, tail_;  // equal: empty; so the ring is never filled to the last block
};

}  // namespace shoal::routing::journal
