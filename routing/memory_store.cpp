#include "routing/memory_store.h"

#include <algorithm>
#include <set>

#include "routing/chunks.h"
#include "routing/zero_bytes.h"
#include "target/base/check.h"

namespace shoal::routing {
namespace {

// Copies from a gathered run, in order.
class GatherReader {
 public:
  explicit GatherReader(const Slices& slices) : slices_(slices) {}
  void copy(MutableByteSpan to) {
    while (!to.empty()) {
      const ByteSpan from = slices_[slice_].bytes().subspan(within_);
      const std::size_t part = std::min(from.size(), to.size());
      std::copy_n(from.begin(), part, to.begin());
      to = to.subspan(part);
      within_ += part;
      if (part == from.size()) ++slice_, within_ = 0;
    }
  }

 private:
  const Slices& slices_;
  std::size_t slice_ = 0, within_ = 0;
};

}  // namespace

MemoryStore::MemoryStore(Random& random, std::uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes) {
  random.fill(std::as_writable_bytes(std::span(id_.bytes)));
}

// ---- changes

void MemoryStore::apply(std::vector<PageRecord> batch, Durability, Done done) {
  Result<void, StoreError> result;
  const auto promises = [](const PageRecord& record) { return is_promise(record.kind); };
  if (batch.size() > 1) std::ranges::stable_partition(batch, promises);  // which allocates, even for one
  for (const PageRecord& record : batch) {
    if (const auto applied = apply_one(record); !applied && result) result = applied;
  }
  done(result);
}

Result<void, StoreError> MemoryStore::apply_one(const PageRecord& record) {
  if (is_promise(record.kind)) {
    const auto added = promises_.add(record);
    if (added && record.kind == RecordKind::voided) clear(record);
    return added;
  }
  if (!promises_.accepts(record)) return StoreError::stale;
  if (record.kind == RecordKind::data) return write(record);
  clear(record);
  return {};
}

Result<void, StoreError> MemoryStore::write(const PageRecord& record) {
  CHECK(total_size(record.data) == record.length, total_size(record.data), record.length);
  if (allocated_bytes_ + missing_bytes(record) > capacity_bytes_) return StoreError::no_space;
  Page& page = pages_[record.page];
  const std::size_t chunks = (std::size_t{record.offset} + record.length + kChunkBytes - 1) / kChunkBytes;
  if (page.size() < chunks) page.resize(chunks);
  GatherReader from(record.data);
  for_each_chunk(record.offset, record.length, [&](std::size_t index, std::uint32_t within, std::uint32_t length) {
    Chunk& chunk = page[index];
    make_writable(record.page.image, chunk, length == kChunkBytes);
    from.copy({chunk.bytes.get() + within, length});
    chunk.version = record.version;
  });
  return {};
}

// What the record will allocate.
std::uint64_t MemoryStore::missing_bytes(const PageRecord& record) const {
  const Page* page = find(record.page);
  std::uint64_t bytes = 0;
  for_each_chunk(record.offset, record.length, [&](std::size_t index, std::uint32_t, std::uint32_t) {
    if (!page || index >= page->size() || !(*page)[index].bytes) bytes += kChunkBytes;
  });
  return bytes;
}

// The chunk has bytes that no reader shares.
void MemoryStore::make_writable(ImageId image, Chunk& chunk, bool all_overwritten) {
  if (chunk.bytes && chunk.bytes.use_count() == 1) return;
  auto fresh = all_overwritten ? std::make_shared_for_overwrite<std::byte[]>(kChunkBytes)
                               : std::make_shared<std::byte[]>(kChunkBytes);
  if (!chunk.bytes) {
    allocated_bytes_ += kChunkBytes;
    image_bytes_[image] += kChunkBytes;
  } else if (!all_overwritten) {
    std::copy_n(chunk.bytes.get(), kChunkBytes, fresh.get());
  }
  chunk.bytes = std::move(fresh);
}

void MemoryStore::clear(const PageRecord& record) {
  const auto found = pages_.find(record.page);
  if (found == pages_.end()) return;
  for_each_chunk(record.offset, record.length, [&](std::size_t index, std::uint32_t within, std::uint32_t length) {
    if (index >= found->second.size()) return;
    Chunk& chunk = found->second[index];
    chunk.version = record.version;
    if (!chunk.bytes) return;
    if (length == kChunkBytes) return free(record.page.image, chunk);
    make_writable(record.page.image, chunk, false);
    std::fill_n(chunk.bytes.get() + within, length, std::byte{});
  });
}

void MemoryStore::free(ImageId image, Chunk& chunk) {
  chunk.bytes.reset();
  allocated_bytes_ -= kChunkBytes;
  image_bytes_[image] -= kChunkBytes;
}

void MemoryStore::sync(Done done) { done({}); }

void MemoryStore::drop_image(ImageId image, Done done) {
  std::erase_if(pages_, [image](const auto& each) { return each.first.image == image; });
  allocated_bytes_ -= image_bytes(image);
  image_bytes_.erase(image);
  promises_.drop(image);
  notes_.erase(image);
  done({});
}

// ---- questions

std::uint64_t MemoryStore::allocated_in(const Page& page) {
  const auto chunks = std::ranges::count_if(page, [](const Chunk& chunk) { return chunk.bytes != nullptr; });
  return static_cast<std::uint64_t>(chunks) * kChunkBytes;
}

const MemoryStore::Page* MemoryStore::find(const PageId& page) const {
  const auto found = pages_.find(page);
  return found == pages_.end() ? nullptr : &found->second;
}

void MemoryStore::read(const PageId& id, std::uint32_t offset, std::uint32_t length,
                       Completion<Result<ReadAnswer, StoreError>> done) {
  ReadAnswer answer;
  const Page* page = find(id);
  MutableByteSpan copy;
  for_each_chunk(offset, length, [&](std::size_t index, std::uint32_t within, std::uint32_t part) {
    const Chunk* chunk = page && index < page->size() ? &(*page)[index] : nullptr;
    if (chunk) answer.version = std::max(answer.version, chunk->version);
    if (!chunk || !chunk->bytes) return append_zeros(answer.data, part);
    const ByteSpan bytes{chunk->bytes.get() + within, part};
    if (length >= kChunkBytes) return answer.data.push_back(Slice::share(chunk->bytes, bytes));
    answer.data.push_back(Slice::fresh(part, copy));
    std::copy_n(bytes.begin(), part, copy.begin());
  });
  done(std::move(answer));
}

Epoch MemoryStore::promised(const PageId& page) const { return promises_.promised(page); }
std::vector<Fence> MemoryStore::fences() const { return promises_.fences(); }
std::vector<VersionedRange> MemoryStore::unsettled(const PageId&) const { return {}; }

void MemoryStore::versions_since(const PageId& id, const Version& version,
                                 Completion<Result<std::vector<VersionedRange>, StoreError>> done) {
  std::vector<VersionedRange> newer;
  const Page* page = find(id);
  for (std::uint32_t i = 0; page && i < page->size(); ++i) {
    if ((*page)[i].version > version) newer.push_back({i * kChunkBytes, kChunkBytes, (*page)[i].version});
  }
  done(std::move(newer));
}

void MemoryStore::allocation(const PageId& id, std::uint32_t offset, std::uint32_t length,
                             Completion<Result<std::vector<AllocationRange>, StoreError>> done) {
  const Page* page = find(id);
  done(allocation_of(offset, length,
                     [page](std::uint32_t chunk) { return page && chunk < page->size() && (*page)[chunk].bytes; }));
}

StoreSpace MemoryStore::space() const {
  if (capacity_bytes_ == kNoMemoryBound) return {.used_bytes = allocated_bytes_};
  return {capacity_bytes_, allocated_bytes_, capacity_bytes_ - allocated_bytes_};
}

std::uint64_t MemoryStore::image_bytes(ImageId image) const {
  const auto found = image_bytes_.find(image);
  return found == image_bytes_.end() ? 0 : found->second;
}

std::vector<ImageId> MemoryStore::images() const {
  std::set<ImageId> images;
  for (const auto& [id, page] : pages_) images.insert(id.image);
  for (const auto& [image, note] : notes_) images.insert(image);
  for (const Fence& fence : promises_.fences()) images.insert(fence.image);
  return {images.begin(), images.end()};
}

void MemoryStore::list(ImageId image, PageIndex from, std::size_t limit,
                       Completion<Result<std::vector<StoredPage>, StoreError>> done) {
  std::vector<StoredPage> pages;
  for (const auto& [id, page] : pages_) {
    if (id.image != image || id.index < from) continue;
    const std::uint64_t bytes = allocated_in(page);
    if (bytes > 0) pages.push_back({id.index, bytes});
  }
  std::ranges::sort(pages, {}, &StoredPage::index);
  if (pages.size() > limit) pages.resize(limit);
  done(std::move(pages));
}

// ---- notes of images

void MemoryStore::describe_image(ImageId image, ImageNote note, Done done) {
  notes_[image] = std::move(note);
  done({});
}

std::optional<ImageNote> MemoryStore::image_note(ImageId image) const {
  const auto found = notes_.find(image);
  return found == notes_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace shoal::routing
