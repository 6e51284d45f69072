// FrameForger: writes a frame of a journal other than the store made it, so that the chain still holds: a frame that
// follows, and a superblock, repeat the CRC that the forged one has.
#pragma once

#include <functional>
#include <map>

#include "routing/journal_store/frame.h"
#include "target/base/slice.h"

namespace shoal::crash {

class FrameForger {
 public:
  // Leaves the bytes of every record as many as they were.
  using Change = std::function<void(routing::journal::Frame&)>;
  explicit FrameForger(Change change) : change_(std::move(change)) {}

  Slice forge_frame(const Slice& frame, const routing::journal::ChainId& chain);
  Slice forge_superblock(const Slice& superblock) const;

 private:
  std::uint32_t forged(std::uint32_t crc) const;

  Change change_;
  std::map<std::uint32_t, std::uint32_t> crcs_;  // by that of the frame that the store made
};

}  // namespace shoal::crash
