#include "routing/journal_store/image_sweeper.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace shoal::routing::journal {

void ImageSweeper::start() {
  if (running_) return;
  const auto image = dropped();
  if (!image) return;
  running_ = true;
  image_ = *image;
  leaf_ = 0;
  next_leaf();
}

std::optional<ImageId> ImageSweeper::dropped() const {
  for (const auto& [id, image] : ledger_.catalog.images) {
    if (image.dropped && !left_behind_.contains(id)) return id;
  }
  return std::nullopt;
}

void ImageSweeper::next_leaf() {
  ledger_.trees.next_leaf(image_, leaf_, [this](Result<std::pair<std::uint64_t, NodePin>, StoreError> found) {
    if (!found) {
      leave_behind();
    } else if (!found->second) {
      forget();
    } else if (!waits_for_room()) {
      clear(found->first, std::move(found->second));
    }
  });
}

// Until a checkpoint has room for another leaf that changes.
bool ImageSweeper::waits_for_room() {
  RoomRequest request{.what = RoomRequest::For::changed};
  if (ledger_.cache.is_full_of_changes()) {
    request.what = RoomRequest::For::memory;
  } else if (ledger_.reserve.has_room_for_changed(kNodesOfOneLeaf)) {
    return false;
  }
  if (!wait_for_room_(request, [this] { next_leaf(); })) running_ = false;
  return true;
}

// Page by page, since that is what a record speaks of.
void ImageSweeper::clear(std::uint64_t leaf, NodePin pin) {
  cleared_ = ChangingLeaf(ledger_.cache, std::move(pin));
  leaf_ = leaf + 1;
  const std::uint64_t per_page = ledger_.catalog.images.at(image_).page_bytes / kChunkBytes;
  const std::uint64_t end = std::min<std::uint64_t>(leaf_ * kChunksPerLeaf, kMaxImageBytes / kChunkBytes);
  const auto remaining = std::make_shared<std::size_t>(1);
  const auto ended = [this, remaining] {
    if (--*remaining > 0) return;
    cleared_ = {};
    next_leaf();
  };
  for (std::uint64_t chunk = leaf * kChunksPerLeaf; chunk < end;) {
    const std::uint64_t next = std::min(end, (chunk / per_page + 1) * per_page);
    ++*remaining;
    commit({.kind = JournalKind::clear,
            .page = {image_, PageIndex{chunk / per_page}},
            .first_block = static_cast<std::uint32_t>(chunk % per_page) * kBlocksPerChunk,
            .blocks = static_cast<std::uint32_t>(next - chunk) * kBlocksPerChunk},
           ended);
    chunk = next;
  }
  ended();
}

void ImageSweeper::forget() {
  if (ledger_.catalog.images.at(image_).chunks > 0) return leave_behind();
  commit({.kind = JournalKind::forget, .page = {.image = image_}}, [this] {
    running_ = false;
    start();
  });
}

// One whose metadata are damaged is not in the way of the next: what it has stays in use, and shoal-fsck tells of it.
void ImageSweeper::leave_behind() {
  left_behind_.insert(image_);
  running_ = false;
  start();
}

void ImageSweeper::commit(JournalRecord record, Completion<> then) {
  Commit commit;
  commit.records.push_back(std::move(record));
  commit.done = [this, then = std::move(then)](Result<void, StoreError> result) mutable {
    if (!result) {  // the store is out of service
      running_ = false;
      cleared_ = {};
      return;
    }
    then();
  };
  committer_.submit(std::move(commit));
}

}  // namespace shoal::routing::journal
