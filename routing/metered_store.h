// MeteredStore: a page store whose reads, changes and syncs are told to a probe when they begin and when they end. For
// stores that wait for a device; what completes inside the call has no queue to tell of.
//
// The caller guarantees: the probe outlives the store.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "routing/page_store.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

class StoreProbe {
 public:
  virtual ~StoreProbe() = default;
  virtual void started(Time now) = 0;
  virtual void ended(Time now, std::uint64_t bytes) = 0;  // bytes: moved to or from the store
};

class MeteredStore final : public PageStore {
 public:
  MeteredStore(Runtime& runtime, std::unique_ptr<PageStore> store, StoreProbe& probe);

  StoreId id() const override { return store_->id(); }
  StoreKind kind() const override { return store_->kind(); }
  StoreState state() const override { return store_->state(); }
  StoreSpace space() const override { return store_->space(); }

  void apply(std::vector<PageRecord> batch, Durability durability, Done done) override;
  void read(const PageId& page, std::uint32_t offset, std::uint32_t length,
            Completion<Result<ReadAnswer, StoreError>> done) override;
  void sync(Done done) override;

  Epoch promised(const PageId& page) const override { return store_->promised(page); }
  std::vector<Fence> fences() const override { return store_->fences(); }
  std::uint64_t first_seq() const override { return store_->first_seq(); }
  std::vector<VersionedRange> unsettled(const PageId& page) const override { return store_->unsettled(page); }
  void versions_since(const PageId& page, const Version& version,
                      Completion<Result<std::vector<VersionedRange>, StoreError>> done) override {
    store_->versions_since(page, version, std::move(done));
  }
  void allocation(const PageId& page, std::uint32_t offset, std::uint32_t length,
                  Completion<Result<std::vector<AllocationRange>, StoreError>> done) override {
    store_->allocation(page, offset, length, std::move(done));
  }
  std::vector<ImageId> images() const override { return store_->images(); }
  void list(ImageId image, PageIndex from, std::size_t limit,
            Completion<Result<std::vector<StoredPage>, StoreError>> done) override {
    store_->list(image, from, limit, std::move(done));
  }
  void describe_image(ImageId image, ImageNote note, Done done) override {
    store_->describe_image(image, std::move(note), std::move(done));
  }
  std::optional<ImageNote> image_note(ImageId image) const override { return store_->image_note(image); }
  std::uint64_t image_bytes(ImageId image) const override { return store_->image_bytes(image); }
  void drop_image(ImageId image, Done done) override { store_->drop_image(image, std::move(done)); }
  void set_repair_source(RepairSource* source) override { store_->set_repair_source(source); }
  RepairCounters repair_counters() const override { return store_->repair_counters(); }

 private:
  template <class Answer>
  Completion<Answer> metered(std::uint64_t bytes, Completion<Answer> done);

  Runtime& runtime_;
  StoreProbe& probe_;
  std::unique_ptr<PageStore> store_;  // destroyed first: completes nothing after that
};

}  // namespace shoal::routing
