// JournalStore: pages in one file or on one block device, so that what was acknowledged is there after any crash, no
// block is ever torn, and a read gives what was written or an error (format.md; ARCHITECTURE.md, "The page store").
//
// Small writes go to a journal, with their metadata in the same record, and home later; whole chunks go to a fresh
// place and only then is the journal told. Metadata are copied on write and written by checkpoints. CRCs of data lie in
// the metadata, those of metadata in their parents.
//
// Knows nothing of iSCSI, members or their metadata. Before the first record of an image describe_image() is called.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "routing/journal_store/store_figures.h"
#include "routing/page_store.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

struct JournalStoreConfig {
  std::string path;                                       // a file, made where there is none, or a block device
  std::uint64_t capacity_bytes = 0;                       // that a file grows to; 0: as far as the file system lets it
  std::uint64_t journal_bytes = std::uint64_t{64} << 20;  // of a new store
  std::uint64_t cache_bytes = std::uint64_t{512} << 20;   // for metadata
  std::uint64_t grow_bytes = std::uint64_t{64} << 20;     // by which a file grows at a time
  std::function<FileSystemRoom()> file_system_room{};     // that the file may still grow into; empty: not known
  // Asked of a store that exists, with the newest checkpoint in it, before anything there is changed; empty: any may be
  // opened. The error says what is wrong with it and what to do.
  std::function<Result<void, std::string>(const StoreId& store, std::uint64_t checkpoint)> admit{};
};

// What it did since it was opened.
struct StoreActivity {
  std::uint64_t frames = 0;   // of the journal
  std::uint64_t commits = 0;  // that went into them
  double journal_laps = 0;    // how often the frames filled the journal
  std::uint64_t checkpoints = 0;
  bool checkpointing = false;  // at this moment
};

class JournalStore final : public PageStore {
 public:
  using Opened = Completion<Result<std::unique_ptr<JournalStore>, std::string>>;

  // Opens the store, or makes a new one where the file is absent or empty, or the device blank. The error is one line
  // for people: the path, what is wrong, what to do. Destroying what is returned gives up; so does the end of runtime.
  [[nodiscard]] static std::shared_ptr<void> open(Runtime& runtime, const JournalStoreConfig& config, Log log,
                                                  Opened done);
  // As a crash of the process: what was acknowledged is there when it is opened again. Not from inside one of its own
  // completions, which goes on in what is destroyed then.
  ~JournalStore() override;

  StoreId id() const override;
  StoreKind kind() const override { return StoreKind::file; }
  StoreState state() const override;
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
  // stale: the page size is another than before, or none that can be. no_space: the text is too long, or the catalog
  // has no room; so are promises, voids and fences of what the store knows nothing of yet.
  void describe_image(ImageId image, ImageNote note, Done done) override;
  std::optional<ImageNote> image_note(ImageId image) const override;
  std::uint64_t image_bytes(ImageId image) const override;
  void drop_image(ImageId image, Done done) override;
  StoreSpace space() const override;
  void set_repair_source(RepairSource* source) override;
  RepairCounters repair_counters() const override;
  StoreActivity activity() const;

  // Image ids mean something within one group only: in another one, or in a group that has lost its metadata, old pages
  // would show up in new volumes. So the first group that a store serves is kept, durably; any other is refused.
  void bind_to_group(const GroupId& group, Completion<Result<void, std::string>> done);
  StoreFigures figures() const;
  // Everything home and a checkpoint, so that the next start has nothing to replay.
  void close(Done done);

 private:
  struct Impl;
  explicit JournalStore(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::routing
