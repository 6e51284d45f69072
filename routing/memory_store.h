// MemoryStore: pages in memory, for test rigs and disposable targets (durability `memory`). A chunk of 64 KiB is
// allocated by its first write and freed when it is unmapped or zeroed as a whole. Every call completes inline. Each
// one that is constructed is a new store with a new id: after a restart its pages are gone, and nobody takes zeros for
// them.
//
// A read of a chunk or more shares the chunks instead of copying them; a write to a chunk that somebody still reads
// puts a copy in its place.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "routing/page_store.h"
#include "routing/promises.h"
#include "target/base/random.h"

namespace shoal::routing {

inline constexpr std::uint64_t kNoMemoryBound = ~std::uint64_t{0};

class MemoryStore : public PageStore {
 public:
  explicit MemoryStore(Random& random, std::uint64_t capacity_bytes = kNoMemoryBound);

  StoreId id() const override { return id_; }
  StoreKind kind() const override { return StoreKind::memory; }
  StoreState state() const override { return {}; }
  StoreSpace space() const override;
  void apply(std::vector<PageRecord> batch, Durability durability, Done done) override;
  void read(const PageId& page, std::uint32_t offset, std::uint32_t length,
            Completion<Result<ReadAnswer, StoreError>> done) override;
  void sync(Done done) override;
  Epoch promised(const PageId& page) const override;
  std::vector<Fence> fences() const override;
  std::uint64_t first_seq() const override { return 1; }
  std::vector<VersionedRange> unsettled(const PageId& page) const override;
  void versions_since(const PageId& page, const Version& version,
                      Completion<Result<std::vector<VersionedRange>, StoreError>> done) override;
  void allocation(const PageId& page, std::uint32_t offset, std::uint32_t length,
                  Completion<Result<std::vector<AllocationRange>, StoreError>> done) override;
  std::vector<ImageId> images() const override;
  void list(ImageId image, PageIndex from, std::size_t limit,
            Completion<Result<std::vector<StoredPage>, StoreError>> done) override;
  void describe_image(ImageId image, ImageNote note, Done done) override;
  std::optional<ImageNote> image_note(ImageId image) const override;
  std::uint64_t image_bytes(ImageId image) const override;
  void drop_image(ImageId image, Done done) override;

  std::uint64_t allocated_bytes() const { return allocated_bytes_; }

 private:
  struct Chunk {
    std::shared_ptr<std::byte[]> bytes;  // null: reads as zeros. Never written while a reader has it
    Version version;
  };
  using Page = std::vector<Chunk>;  // as far as was ever written

  Result<void, StoreError> apply_one(const PageRecord& record);
  Result<void, StoreError> write(const PageRecord& record);
  void clear(const PageRecord& record);
  std::uint64_t missing_bytes(const PageRecord& record) const;
  void make_writable(ImageId image, Chunk& chunk, bool all_overwritten);
  void free(ImageId image, Chunk& chunk);
  static std::uint64_t allocated_in(const Page& page);
  const Page* find(const PageId& page) const;

  StoreId id_;
  std::uint64_t capacity_bytes_;
  std::uint64_t allocated_bytes_ = 0;
  std::map<ImageId, std::uint64_t> image_bytes_;  // of these, each image's
  std::unordered_map<PageId, Page> pages_;        // sorted where it is listed
  Promises promises_;
  std::map<ImageId, ImageNote> notes_;
};

}  // namespace shoal::routing
