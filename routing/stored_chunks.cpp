#include "routing/stored_chunks.h"

#include <algorithm>

#include "routing/chunks.h"

namespace shoal::routing {
namespace {

std::uint64_t marked_bytes(const std::vector<bool>& chunks) {
  return static_cast<std::uint64_t>(std::ranges::count(chunks, true)) * kChunkBytes;
}

}  // namespace

void StoredChunks::mark(const PageId& page, std::uint32_t offset, std::uint32_t length) {
  Chunks& chunks = pages_[page];
  for_each_chunk(offset, length, [&](std::uint32_t chunk, std::uint32_t, std::uint32_t) {
    if (chunk >= chunks.size()) chunks.resize(chunk + 1);
    if (!chunks[chunk]) bytes_ += kChunkBytes;
    chunks[chunk] = true;
  });
}

void StoredChunks::clear(const PageId& page, std::uint32_t offset, std::uint32_t length) {
  const auto found = pages_.find(page);
  if (found == pages_.end()) return;
  for_each_chunk(offset, length, [&](std::uint32_t chunk, std::uint32_t, std::uint32_t part) {
    if (part < kChunkBytes || !marked(found, chunk)) return;
    found->second[chunk] = false;
    bytes_ -= kChunkBytes;
  });
}

void StoredChunks::drop(ImageId image) {
  std::erase_if(pages_, [&](const auto& each) {
    if (each.first.image != image) return false;
    bytes_ -= marked_bytes(each.second);
    return true;
  });
}

bool StoredChunks::any(const PageId& page, std::uint32_t offset, std::uint32_t length) const {
  const auto found = pages_.find(page);
  bool any = false;
  for_each_chunk(offset, length,
                 [&](std::uint32_t chunk, std::uint32_t, std::uint32_t) { any = any || marked(found, chunk); });
  return any;
}

std::vector<AllocationRange> StoredChunks::allocation(const PageId& page, std::uint32_t offset,
                                                      std::uint32_t length) const {
  return allocation_of(offset, length,
                       [this, found = pages_.find(page)](std::uint32_t chunk) { return marked(found, chunk); });
}

std::vector<ImageId> StoredChunks::images() const {
  std::vector<ImageId> images;
  for (const auto& [page, chunks] : pages_) {
    if (images.empty() || images.back() != page.image) images.push_back(page.image);
  }
  return images;
}

std::vector<PageId> StoredChunks::pages(ImageId image) const {
  std::vector<PageId> pages;
  for (auto each = pages_.lower_bound({image, {}}); each != pages_.end() && each->first.image == image; ++each) {
    pages.push_back(each->first);
  }
  return pages;
}

std::vector<StoredPage> StoredChunks::list(ImageId image, PageIndex from, std::size_t limit) const {
  std::vector<StoredPage> stored;
  for (auto each = pages_.lower_bound({image, from});
       each != pages_.end() && each->first.image == image && stored.size() < limit; ++each) {
    if (const std::uint64_t bytes = marked_bytes(each->second)) stored.push_back({each->first.index, bytes});
  }
  return stored;
}

}  // namespace shoal::routing
