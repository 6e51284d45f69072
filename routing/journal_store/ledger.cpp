#include "routing/journal_store/ledger.h"

#include <algorithm>

#include "target/base/check.h"

namespace shoal::routing::journal {
namespace {

bool is_promise(JournalKind kind) {
  return kind == JournalKind::promise || kind == JournalKind::voided || kind == JournalKind::fence;
}

RecordKind kind_of(JournalKind kind) {
  switch (kind) {
    case JournalKind::promise: return RecordKind::promise;
    case JournalKind::voided: return RecordKind::voided;
    case JournalKind::fence: return RecordKind::fence;
    default: return RecordKind::data;
  }
}

std::uint64_t chunks_per_page(const StoredImage& image) { return image.page_bytes / kChunkBytes; }

}  // namespace

PageRecord promise_of(const JournalRecord& record) {
  return {.kind = kind_of(record.kind),
          .page = record.page,
          .version = record.version,
          .origin = {.nexus = record.nexus, .generation = record.generation},
          .attempt = record.attempt};
}

const StoredImage* Ledger::live_image(ImageId image) const {
  const auto found = catalog.images.find(image);
  return found == catalog.images.end() || found->second.dropped ? nullptr : &found->second;
}

ChunkParts Ledger::parts(const PageId& page, std::uint32_t first_block, std::uint32_t blocks) const {
  ChunkParts parts;
  const auto image = catalog.images.find(page.image);
  if (image == catalog.images.end()) return parts;
  const std::uint64_t first_chunk = page.index.value * chunks_per_page(image->second);
  while (blocks > 0) {
    const std::uint32_t within = first_block % kBlocksPerChunk;
    const std::uint32_t count = std::min(blocks, kBlocksPerChunk - within);
    parts.push_back({{page.image, first_chunk + first_block / kBlocksPerChunk}, within, count});
    first_block += count;
    blocks -= count;
  }
  return parts;
}

// Whoever asked was not done when the image was dropped. What frees its chunks counts until it is forgotten.
bool Ledger::counts(const JournalRecord& record) const {
  const auto image = catalog.images.find(record.page.image);
  if (image == catalog.images.end()) return !changes_blocks(record.kind);
  if (!image->second.dropped) return true;
  return record.kind == JournalKind::clear || record.kind == JournalKind::drop || record.kind == JournalKind::forget;
}

bool Ledger::is_possible(const JournalRecord& record) const {
  if (record.kind == JournalKind::fence || record.kind == JournalKind::promise) return true;
  const auto image = catalog.images.find(record.page.image);
  if (image == catalog.images.end()) return record.kind == JournalKind::describe || record.kind == JournalKind::drop;
  if (record.kind == JournalKind::describe) return record.page_bytes == image->second.page_bytes;
  if (record.kind == JournalKind::forget) return image->second.dropped && image->second.chunks == 0;
  return fits(record);
}

// Inside a page of its image, and at home where data may lie.
bool Ledger::fits(const JournalRecord& record) const {
  const StoredImage& image = catalog.images.at(record.page.image);
  const std::uint64_t end = std::uint64_t{record.first_block} + record.blocks;
  if (end * kBlock > image.page_bytes) return false;
  if (record.page.index.value >= kMaxImageBytes / image.page_bytes) return false;
  if (record.kind != JournalKind::write && record.kind != JournalKind::place) return true;
  return space.is_free(record.home) || space.is_data(record.home);
}

// A chunk gets a place that nobody has.
bool Ledger::suits_leaves(const JournalRecord& record) {
  if (record.kind != JournalKind::write && record.kind != JournalKind::place) return true;
  const ChunkKey chunk = parts(record.page, record.first_block, record.blocks).front().chunk;
  const ChunkNumber now = chunk_entry(trees.resident_leaf(chunk)->view(), chunk.slot()).chunk;
  if (record.kind == JournalKind::place) return space.is_free(record.home);
  return now == record.home || (now == ChunkNumber{} && space.is_free(record.home));
}

bool Ledger::has_room_for(const JournalRecord& record) const {
  if (is_promise(record.kind)) {
    const PageRecord promise = promise_of(record);
    return journal::has_room_for(catalog, promise) && reserve.has_room_in_catalog(growth_by(catalog, promise));
  }
  if (record.kind != JournalKind::describe) return true;
  return journal::has_room_for(catalog, record.page.image, record.text) &&
         reserve.has_room_in_catalog(growth_by(catalog, record.page.image, record.text));
}

Result<void, StoreError> Ledger::apply(const JournalRecord& record, const Slice& data) {
  if (!counts(record)) return StoreError::stale;
  if (is_promise(record.kind)) return apply_promise(record);
  if (changes_blocks(record.kind)) {
    if (!catalog.promises.accepts(promise_of(record))) return StoreError::stale;
    first_seq_ = std::max(first_seq_, record.version.seq + 1);
  }
  switch (record.kind) {
    case JournalKind::write: write(record, data); break;
    case JournalKind::place: place(record); break;
    case JournalKind::clear: clear(record); break;
    case JournalKind::describe: describe(record); break;
    case JournalKind::drop: drop(record.page.image); break;
    default: forget(record.page.image);
  }
  return {};
}

Result<void, StoreError> Ledger::apply_promise(const JournalRecord& record) {
  const auto added = catalog.promises.add(promise_of(record));
  if (!added) return added;
  catalog_changed = true;
  if (record.kind == JournalKind::voided) clear(record);
  return {};
}

StoredImage& Ledger::image_of(const JournalRecord& record) {
  catalog_changed = true;  // its number of chunks, or its tree
  return catalog.images.at(record.page.image);
}

void Ledger::write(const JournalRecord& record, const Slice& data) {
  StoredImage& image = image_of(record);
  const ChunkPart part = parts(record.page, record.first_block, record.blocks).front();
  Node& leaf = *trees.resident_leaf(part.chunk);
  ChunkEntry entry = chunk_entry(leaf.view(), part.chunk.slot());
  if (entry.chunk != record.home) {
    CHECK(entry.chunk.value == 0, entry.chunk.value, record.home.value);
    space.add_use(record.home);
    entry.chunk = record.home;
    ++image.chunks;
  }
  entry.written |= block_mask(part.first, part.count);
  entry.lost &= static_cast<std::uint16_t>(~block_mask(part.first, part.count));
  entry.version = std::max(entry.version, record.version);
  for (std::uint32_t i = 0; i < part.count; ++i) {
    entry.crcs[part.first + i] = record.crcs[i];
    overlay.put(part.chunk, record.home, part.first + i, data.sub(std::size_t{i} * kBlock, kBlock));
  }
  set_chunk_entry(cache.change(leaf), part.chunk.slot(), entry);
}

void Ledger::place(const JournalRecord& record) {
  StoredImage& image = image_of(record);
  const ChunkPart part = parts(record.page, record.first_block, record.blocks).front();
  Node& leaf = *trees.resident_leaf(part.chunk);
  ChunkEntry entry = chunk_entry(leaf.view(), part.chunk.slot());
  overlay.drop(part.chunk, block_mask(0, kBlocksPerChunk));
  if (entry.chunk.value != 0) {
    space.remove_use(entry.chunk);
  } else {
    ++image.chunks;
  }
  space.add_use(record.home);
  entry.chunk = record.home;
  entry.written = block_mask(0, kBlocksPerChunk);
  entry.lost = 0;
  entry.version = std::max(entry.version, record.version);
  std::copy(record.crcs.begin(), record.crcs.end(), entry.crcs.begin());
  set_chunk_entry(cache.change(leaf), part.chunk.slot(), entry);
}

void Ledger::clear(const JournalRecord& record) {
  const auto found = catalog.images.find(record.page.image);
  if (found == catalog.images.end()) return;
  catalog_changed = true;
  for (const ChunkPart& part : parts(record.page, record.first_block, record.blocks)) {
    clear_part(found->second, part, record.version);
  }
}

// What was never written has no version either: nothing anywhere differs from it.
void Ledger::clear_part(StoredImage& image, const ChunkPart& part, const Version& version) {
  Node* leaf = trees.resident_leaf(part.chunk);
  if (!leaf) return;
  ChunkEntry entry = chunk_entry(leaf->view(), part.chunk.slot());
  if (entry == ChunkEntry{}) return;
  const std::uint16_t mask = block_mask(part.first, part.count);
  overlay.drop(part.chunk, mask);
  entry.written &= static_cast<std::uint16_t>(~mask);
  entry.lost &= static_cast<std::uint16_t>(~mask);
  entry.version = std::max(entry.version, version);
  for (std::uint32_t block = part.first; block < part.first + part.count; ++block) entry.crcs[block] = 0;
  if (entry.written == 0 && entry.chunk.value != 0) {
    space.remove_use(entry.chunk);
    entry.chunk = {};
    --image.chunks;
    returning.give_back();  // it, when nobody writes it home any more; and the leaf may be empty now
  }
  if (image.dropped && entry.chunk.value == 0) entry = {};
  set_chunk_entry(cache.change(*leaf), part.chunk.slot(), entry);
}

void Ledger::describe(const JournalRecord& record) {
  StoredImage& image = catalog.images[record.page.image];
  image.page_bytes = record.page_bytes;
  image.text = record.text;
  reserve.count_images();
  returning.give_back();  // it may be shorter
  catalog_changed = true;
}

void Ledger::forget(ImageId image) {
  catalog.images.erase(image);
  reserve.count_images();
  returning.give_back();
  catalog_changed = true;
}

void Ledger::drop(ImageId image) {
  catalog.promises.drop(image);
  returning.give_back();
  const auto found = catalog.images.find(image);
  if (found != catalog.images.end()) found->second.dropped = true;
  catalog_changed = true;
}

}  // namespace shoal::routing::journal
