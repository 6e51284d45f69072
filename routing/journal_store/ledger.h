// Ledger: what a store holds: catalog, space, trees of chunks, and the blocks that lie only in the journal yet. Records
// of the journal change it, the moment they are durable and in the order of the journal; replaying them does the same.
// So what a checkpoint writes of it is exactly what the journal says up to there.
//
// The caller of apply() has the leaves pinned that the record changes.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>

#include "routing/journal_store/array_tree.h"
#include "routing/journal_store/catalog.h"
#include "routing/journal_store/chunk_trees.h"
#include "routing/journal_store/frame.h"
#include "routing/journal_store/overlay.h"
#include "routing/journal_store/reserve.h"
#include "routing/journal_store/returning_room.h"
#include "routing/journal_store/space.h"

namespace shoal::routing::journal {

// The chunks of an image in which blocks of a page lie.
struct ChunkPart {
  ChunkKey chunk;
  std::uint32_t first = 0, count = 0;  // blocks of the chunk
};

using ChunkParts = boost::container::small_vector<ChunkPart, 2>;  // what a small read or write touches

class Ledger {
 public:
  Ledger(Device& device, const StoreId& store_, std::size_t cache_bytes)
      : store(store_),
        cache(device, space, store_, cache_bytes),
        trees(catalog, cache),
        reserve(space, cache, catalog) {}
  Ledger(const Ledger&) = delete;

  // `data`: the record's blocks, aligned, as they lie in its frame. stale: the record does not count, is below what was
  // promised, or a promise not above; it changes nothing.
  Result<void, StoreError> apply(const JournalRecord& record, const Slice& data);
  // False: the image was dropped before, perhaps forgotten since, and the record changes nothing.
  bool counts(const JournalRecord& record) const;
  // Whether a record that counts can be applied: false of one that no sound store would have written.
  bool is_possible(const JournalRecord& record) const;
  // The same of what its leaves have to say, once they are in memory.
  bool suits_leaves(const JournalRecord& record);
  // Whether the catalog may grow by what the record says, and a checkpoint would still find room for it.
  bool has_room_for(const JournalRecord& record) const;

  // Blocks of a page, chunk by chunk; none where the image is unknown or dropped.
  ChunkParts parts(const PageId& page, std::uint32_t first_block, std::uint32_t blocks) const;
  const StoredImage* live_image(ImageId image) const;  // null: unknown or dropped
  std::uint64_t first_seq() const { return first_seq_; }
  void set_first_seq(std::uint64_t seq) { first_seq_ = seq; }

  const StoreId store;
  Catalog catalog;
  Space space;
  NodeCache cache;
  ChunkTrees trees;
  Reserve reserve;
  ReturningRoom returning;
  Overlay overlay;
  bool catalog_changed = false;

 private:
  Result<void, StoreError> apply_promise(const JournalRecord& record);
  void write(const JournalRecord& record, const Slice& data);
  void place(const JournalRecord& record);
  void clear(const JournalRecord& record);
  void clear_part(StoredImage& image, const ChunkPart& part, const Version& version);
  void describe(const JournalRecord& record);
  void drop(ImageId image);
  void forget(ImageId image);
  StoredImage& image_of(const JournalRecord& record);
  bool fits(const JournalRecord& record) const;

  std::uint64_t first_seq_ = 1;
};

// The record as Promises knows it.
PageRecord promise_of(const JournalRecord& record);

}  // namespace shoal::routing::journal
