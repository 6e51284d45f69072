#include "test/crash/frame_forger.h"

#include "target/base/check.h"

namespace shoal::crash {

using namespace routing::journal;

Slice FrameForger::forge_frame(const Slice& made, const ChainId& chain) {
  auto frame = decode_frame(made.bytes(), chain);
  CHECK(frame.has_value());
  frame->head.previous_crc = forged(frame->head.previous_crc);
  change_(*frame);
  MutableByteSpan bytes;
  Slice written = Slice::fresh(made.size(), bytes);
  std::ranges::copy(made.bytes(), bytes.begin());
  crcs_[frame->head_crc] = encode_frame(frame->head, frame->records, bytes);
  return written;
}

Slice FrameForger::forge_superblock(const Slice& made) const {
  auto superblock = decode_superblock(made.bytes());
  CHECK(superblock.has_value());
  superblock->replay.previous_crc = forged(superblock->replay.previous_crc);
  MutableByteSpan bytes;
  Slice written = Slice::fresh(kBlock, bytes);
  encode(*superblock, bytes);
  return written;
}

std::uint32_t FrameForger::forged(std::uint32_t crc) const {
  const auto found = crcs_.find(crc);
  return found == crcs_.end() ? crc : found->second;
}

}  // namespace shoal::crash
