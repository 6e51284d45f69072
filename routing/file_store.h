// FileStore: pages as sparse files in a folder, one file a page, for durability `writeback`. A write completes when the
// kernel has it; sync() and durable records complete after fdatasync of every file touched since, by this process or an
// earlier one, and of the folders that got new names. Never retries a failed fdatasync: the store goes out of service.
// One process at a time owns the folder, which is described in file_store_format.md.
//
// Leaves out: checksums and torn-write safety of blocks within a crash of the machine (the journal store's), and
// versions: none that it was given is kept, so first_seq() has nothing to be above.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "routing/page_store.h"
#include "target/base/log.h"
#include "target/base/result.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

class FileStore final : public PageStore {
 public:
  // Opens the store in that folder, or makes a new one with a new id where the folder is empty or absent. The error is
  // one line for people: the folder, what is wrong, what to do (foreign, damaged, in use, not permitted).
  static Result<std::unique_ptr<FileStore>, std::string> open(Runtime& runtime, const std::string& folder, Log log);
  ~FileStore() override;

  StoreId id() const override;
  StoreKind kind() const override { return StoreKind::file; }
  StoreState state() const override;
  StoreSpace space() const override;
  void apply(std::vector<PageRecord> batch, Durability durability, Done done) override;
  void read(const PageId& page, std::uint32_t offset, std::uint32_t length,
            Completion<Result<ReadAnswer, StoreError>> done) override;
  void sync(Done done) override;
  Epoch promised(const PageId& page) const override;
  std::vector<Fence> fences() const override;
  std::uint64_t first_seq() const override;
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
  void drop_image(ImageId image, Done done) override;

 private:
  struct Impl;
  explicit FileStore(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::routing
