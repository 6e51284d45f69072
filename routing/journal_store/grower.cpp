#include "routing/journal_store/grower.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "routing/journal_store/file_system_margin.h"
#include "routing/zero_bytes.h"

namespace shoal::routing::journal {
namespace {

constexpr std::uint32_t kZeroRunBlocks = 256;
constexpr Duration kRetryFull = 30s;  // a file system may get room again

std::uint32_t chunks_of(std::uint64_t bytes) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes / kChunkBytes, kMaxDeviceChunks));
}

}  // namespace

Grower::Grower(Runtime& runtime, Core& core, const JournalStoreConfig& config)
    : runtime_(runtime),
      core_(core),
      step_chunks_(std::max(chunks_of(config.grow_bytes), 1u)),
      most_chunks_(config.capacity_bytes > 0 ? chunks_of(config.capacity_bytes) : kMaxDeviceChunks),
      file_system_room_(config.file_system_room) {
  // A file may have been longer before its capacity was lowered.
  most_chunks_ =
      core.facts.block_device ? core.ledger.space.chunks() : std::max(most_chunks_, core.ledger.space.chunks());
}

bool Grower::can_grow() {
  if (core_.ledger.space.chunks() >= most_chunks_ || !core_.device->state().in_service) return false;
  if (full_at_ && runtime_.now() - *full_at_ <= kRetryFull) return false;
  if (next_end() > core_.ledger.space.chunks()) return true;
  note_full(fmt::format("the file system has no room but the {} bytes that are left to others", kFileSystemMargin));
  return false;
}

// In small steps, one behind the other where that is not enough, so that nobody waits for long.
std::uint32_t Grower::next_end() const {
  const std::uint32_t now = core_.ledger.space.chunks();
  std::uint32_t growth = std::min(step_chunks_, most_chunks_ - now);
  if (file_system_room_) growth = std::min(growth, chunks_of(without_margin(file_system_room_()).free_bytes));
  return now + growth;
}

// It is asked again after kRetryFull.
void Grower::note_full(const std::string& reason) {
  full_at_ = runtime_.now();
  core_.device->log().warn("store_cannot_grow path={} bytes={} reason={}", quoted(core_.device->path()),
                           std::uint64_t{core_.ledger.space.chunks()} * kChunkBytes, quoted(reason));
}

void Grower::review() {
  if (!growing_ && core_.ledger.reserve.free_chunks() < step_chunks_ && can_grow()) grow();
}

bool Grower::wait(Completion<> grown) {
  if (!growing_ && !can_grow()) return false;
  waiting_.push_back(std::move(grown));
  if (!growing_) grow();
  return true;
}

void Grower::grow() {
  growing_ = true;
  write_zeros(std::uint64_t{core_.ledger.space.chunks()} * kBlocksPerChunk,
              std::uint64_t{next_end()} * kBlocksPerChunk);
}

// The file's size has to be durable before anything is there that the journal speaks of.
void Grower::write_zeros(std::uint64_t block, std::uint64_t end) {
  if (block >= end) {
    return core_.device->sync([this, end](Result<void, StoreError> synced) {
      if (synced) core_.ledger.space.grow(static_cast<std::uint32_t>(end / kBlocksPerChunk));
      this->end();
    });
  }
  const std::uint64_t blocks = std::min<std::uint64_t>(kZeroRunBlocks, end - block);
  Slices zeros;
  append_zeros(zeros, blocks * kBlock);
  core_.device->extend({block}, std::move(zeros), [this, block, blocks, end](Result<void, StoreError> result) {
    if (result) return write_zeros(block + blocks, end);
    if (result.error() == StoreError::no_space)
      note_full("the file system is full, or a limit or quota of the process is reached");
    this->end();
  });
}

// Who waits finds out by itself whether there is more.
void Grower::end() {
  growing_ = false;
  for (auto& grown : std::exchange(waiting_, {})) grown();
  review();
}

std::uint64_t Grower::most_growth() const {
  return std::uint64_t{most_chunks_ - core_.ledger.space.chunks()} * kChunkBytes;
}

StoreSpace Grower::space() const {
  const Space& space = core_.ledger.space;
  const std::uint64_t free = std::uint64_t{core_.ledger.reserve.free_chunks()} * kChunkBytes;
  const std::uint64_t used = std::uint64_t{space.chunks()} * kChunkBytes - free;
  std::uint64_t growth = most_growth();
  FileSystemRoom room;
  if (growth > 0 && file_system_room_) {
    room = without_margin(file_system_room_());
    growth = std::min(growth, room.free_bytes);
  } else if (growth > 0 && most_chunks_ == kMaxDeviceChunks) {
    return {.used_bytes = used};
  }
  const std::uint64_t all_free = free + growth;
  return {used + all_free, used, all_free, growth, room};
}

}  // namespace shoal::routing::journal
