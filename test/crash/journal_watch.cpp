#include "test/crash/journal_watch.h"

#include <algorithm>

#include "routing/journal_store/superblock_set.h"

namespace shoal::crash {

using namespace routing::journal;

JournalWatch::Region JournalWatch::region_of(std::uint64_t offset) const {
  if (offset < byte_of(kJournalChunk)) return Region::superblocks;
  const std::uint32_t journal = superblock_ ? superblock_->journal_chunks : 0;
  return offset < byte_of(ChunkNumber{kJournalChunk.value + journal}) ? Region::journal : Region::space;
}

bool JournalWatch::on_write(DeviceWrite& write, DeviceWrites& others) {
  anything_written_ = true;
  const std::uint64_t end = write.offset + write.bytes.size();
  const bool growth = end > device_bytes_;
  growth_unsynced_ = growth_unsynced_ || growth;
  device_bytes_ = std::max(device_bytes_, end);
  switch (region_of(write.offset)) {
    case Region::superblocks: learn(write.bytes.bytes()); return on_superblock(write);
    case Region::journal:
      frames_unsynced_ = frames_unsynced_ || !write.durable;
      on_frame(write, others);
      return true;
    case Region::space:
      nodes_unsynced_ = nodes_unsynced_ || !(growth || write.durable);
      on_space(write);
      return true;
  }
  return true;
}

// Who syncs is known by what has been written since the last sync; a checkpoint may come while the file grows.
bool JournalWatch::on_sync(DeviceWrites& others) {
  if (!anything_written_) return on_sync_at_opening();
  if (std::exchange(frames_unsynced_, false)) return on_sync_of_frames();
  if (!std::exchange(nodes_unsynced_, false) && std::exchange(growth_unsynced_, false)) return on_sync_of_growth();
  return on_sync_of_checkpoint(others);
}

void JournalWatch::on_read(std::uint64_t offset, MutableByteSpan read) {
  device_bytes_ = std::max(device_bytes_, offset + read.size());
  if (offset == 0) {
    for (std::size_t at = 0; at + kBlock <= read.size(); at += kBlock) learn(read.subspan(at, kBlock));
  } else if (region_of(offset) == Region::journal) {
    on_read_of_journal(static_cast<std::uint32_t>((offset - byte_of(kJournalChunk)) / kBlock), read);
  }
}

void JournalWatch::learn(ByteSpan block) {
  if (block.size() != kBlock) return;
  const auto found = decode_superblock(block);
  if (!found || (superblock_ && superblock_->checkpoint > found->checkpoint)) return;
  superblock_ = *found;
  device_bytes_ = std::max(device_bytes_, std::uint64_t{found->device_chunks} * routing::kChunkBytes);
}

}  // namespace shoal::crash
