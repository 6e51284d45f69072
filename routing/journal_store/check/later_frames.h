// LaterFrames: what a journal still has behind a frame that cannot be read: which ranges it had promised.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "routing/journal_store/device.h"
#include "routing/journal_store/frame.h"

namespace shoal::routing::journal {

struct LaterFrame {
  FrameHead head;
  std::vector<JournalRecord> records;
};

// Frames of that chain, from that seq on, wherever they lie, in order of seq. Parts of the journal that the device does
// not give are passed over.
void find_later_frames(Device& device, std::uint32_t journal_chunks, const ChainId& chain, std::uint64_t from_seq,
                       Completion<std::vector<LaterFrame>> done);

}  // namespace shoal::routing::journal
