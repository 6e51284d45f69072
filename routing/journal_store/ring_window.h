// RingWindow: a part of the journal's ring in memory, several frames long. Blocks that the device does not give are
// zeros in it, and known: one of them need not cost more than itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "routing/journal_store/aligned.h"
#include "routing/journal_store/device.h"

namespace shoal::routing::journal {

struct RingWindow {
  std::uint32_t first = 0, blocks = 0;  // of the ring
  SharedBytes bytes;
  std::vector<std::uint32_t> unreadable;  // blocks of the ring, in order

  std::uint32_t end() const { return first + blocks; }
  ByteSpan from(std::uint32_t block) const;  // to the end of the window
  // The first of these that the device does not give.
  std::optional<std::uint32_t> first_unreadable(std::uint32_t block, std::uint32_t count) const;
};

// The window that begins there. The error: what has nothing to do with single blocks.
void read_ring_window(Device& device, std::uint32_t ring_blocks, std::uint32_t block,
                      Completion<Result<RingWindow, StoreError>> done);

// The whole ring. Windows overlap by a frame, so that each frame is whole in one of them. `visit`: false ends it.
void walk_ring(Device& device, std::uint32_t ring_blocks, std::function<bool(const RingWindow&)> visit,
               PageStore::Done done);

}  // namespace shoal::routing::journal
