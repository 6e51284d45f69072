#include "routing/journal_store/journal_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "routing/journal_store/changer.h"
#include "routing/journal_store/committer.h"
#include "routing/journal_store/entry_walk.h"
#include "routing/journal_store/grower.h"
#include "routing/journal_store/image_sweeper.h"
#include "routing/journal_store/opener.h"
#include "routing/journal_store/page_lister.h"
#include "routing/journal_store/refusals.h"

namespace shoal::routing {

using namespace journal;

namespace {

// The journal is freed from here on; behind it stays room for what comes while a checkpoint is written.
constexpr std::uint32_t kFullJournalShare = 2;  // of the ring: a half
constexpr unsigned kMostCheckpoints = 16;       // that something new waits for while others give back and take

}  // namespace

// Completions of the device hold `this`: they end with the device, which ends with it, before everything that they
// touch. What the Runtime itself calls holds a weak reference.
struct JournalStore::Impl : std::enable_shared_from_this<Impl> {
  Impl(Runtime& runtime, const JournalStoreConfig& config, std::unique_ptr<Core> opened);
  ~Impl() { core->device->close(); }

  void begin();
  void review();
  bool wait_for_room(RoomRequest& request, Completion<> more);
  bool may_checkpoint_help(const RoomRequest& request) const;
  bool may_come_back(const RoomRequest& request) const;
  void refuse_waiting();
  bool wants_checkpoint() const;
  void prepare_checkpoint();
  void run_checkpoint();
  void checkpoint_now(Done done);
  bool may_have(ImageId image, std::uint32_t page_bytes) const;

  Runtime& runtime;
  std::unique_ptr<Core> core;
  BlockRepair repair;
  BlockReader reader;
  Committer committer;
  Changer changer;
  ImageSweeper sweeper;
  Grower grower;
  bool preparing_checkpoint = false;
  std::uint64_t checkpoints = 0;
  GroupId group;  // as the next checkpoint says
  std::vector<Done> waiting_for_checkpoint;
};

JournalStore::Impl::Impl(Runtime& runtime_, const JournalStoreConfig& config, std::unique_ptr<Core> opened)
    : runtime(runtime_),
      core(std::move(opened)),
      repair(*core->device, core->ledger.space),
      reader(*core->device, core->ledger, repair),
      committer(runtime, *core->device, core->ledger, core->superblock, [this] { review(); }),
      changer(*core->device, core->ledger, reader, committer,
              [this](RoomRequest& request, Completion<> more) { return wait_for_room(request, std::move(more)); }),
      sweeper(core->ledger, committer,
              [this](RoomRequest& request, Completion<> more) { return wait_for_room(request, std::move(more)); }),
      grower(runtime, *core, config),
      group(core->superblock.group) {}

void JournalStore::Impl::begin() {
  sweeper.start();
  grower.review();
}

// What was freed and is not durable yet is the nearest. Of a store that is out of service nothing is to be waited for:
// whoever looks again would be back at once.
bool JournalStore::Impl::wait_for_room(RoomRequest& request, Completion<> more) {
  if (!core->device->state().in_service) return false;
  const auto look_again = [more = std::make_shared<Completion<>>(std::move(more))](auto&&...) { (*more)(); };
  if (request.what != RoomRequest::For::memory) {
    if (core->ledger.space.has_held_frees()) return committer.sync(look_again), true;
    if (grower.wait(look_again)) return true;
  }
  if (request.what == RoomRequest::For::fresh && !request.since) {
    request.since = core->ledger.returning.newest_checkpoint();
  }
  if (!may_checkpoint_help(request)) return false;
  checkpoint_now(look_again);
  return true;
}

// Something new is refused when what is under way leaves no room for it, and a checkpoint has ended that began after it
// had to wait and after others had given something back; or kMostCheckpoints have, and others were quicker each time.
bool JournalStore::Impl::may_checkpoint_help(const RoomRequest& request) const {
  switch (request.what) {
    case RoomRequest::For::fresh:
      return request.outlook == Outlook::sure || sweeper.is_at_work() || may_come_back(request);
    case RoomRequest::For::changed: return core->checkpoint.running() || core->ledger.cache.changing_count() > 0;
    case RoomRequest::For::memory: break;
  }
  return true;
}

// A chunk that was given back while it went home is free when that has ended, and counted nowhere until then.
bool JournalStore::Impl::may_come_back(const RoomRequest& request) const {
  const ReturningRoom& returning = core->ledger.returning;
  if (returning.checkpoints_since(*request.since) > kMostCheckpoints) return false;
  if (request.outlook == Outlook::none) return returning.is_any_under_way();
  return !returning.is_all_there(*request.since);
}

// ---- checkpoints ----------------------------------------------------------------------------------------------------

void JournalStore::Impl::review() {
  if (!core->device->state().in_service) return refuse_waiting();
  grower.review();
  core->home.set_at_once(home_writes_at_once(committer.used_blocks(), committer.ring_blocks()));
  if (!core->checkpoint.running() && !preparing_checkpoint && wants_checkpoint()) prepare_checkpoint();
}

// Who asked for a checkpoint while another one was under way, and that one failed; and who waits for room in the
// journal.
void JournalStore::Impl::refuse_waiting() {
  committer.refuse_waiting();
  for (Done& done : std::exchange(waiting_for_checkpoint, {})) done(StoreError::out_of_service);
}

bool JournalStore::Impl::wants_checkpoint() const {
  return !waiting_for_checkpoint.empty() || committer.waits_for_room() ||
         committer.used_blocks() > committer.ring_blocks() / kFullJournalShare ||
         core->ledger.cache.asks_for_checkpoint() || core->ledger.reserve.asks_for_checkpoint();
}

// What goes home may overwrite only what the journal has for certain.
void JournalStore::Impl::prepare_checkpoint() {
  if (!committer.has_unsynced()) return run_checkpoint();
  preparing_checkpoint = true;
  committer.sync_applied([this](Result<void, StoreError> result) {
    preparing_checkpoint = false;
    result ? run_checkpoint() : refuse_waiting();
  });
}

void JournalStore::Impl::run_checkpoint() {
  Superblock next = core->superblock;
  next.device_chunks = core->ledger.space.chunks();
  next.replay = committer.applied();
  next.group = group;
  auto waiting = std::make_shared<std::vector<Done>>(std::exchange(waiting_for_checkpoint, {}));
  core->checkpoint.run(next, [this, waiting](Result<void, StoreError> result) {
    if (result) {
      ++checkpoints;
      core->superblock = core->checkpoint.written();
      committer.set_checkpoint(core->superblock.checkpoint);
      committer.free_before(core->superblock.replay);
    } else if (result.error() == StoreError::no_space) {
      core->device->fail("a checkpoint", kNoRoomForMetadata);
    }
    for (Done& done : *waiting) done(result);
    review();
  });
}

void JournalStore::Impl::checkpoint_now(Done done) {
  if (!core->device->state().in_service) return done(StoreError::out_of_service);
  waiting_for_checkpoint.push_back(std::move(done));
  review();
}

// An image has the pages that it began with; one that is dropped does not come back.
bool JournalStore::Impl::may_have(ImageId image, std::uint32_t page_bytes) const {
  const auto known = core->ledger.catalog.images.find(image);
  if (known != core->ledger.catalog.images.end())
    return !known->second.dropped && known->second.page_bytes == page_bytes;
  return is_page_size(page_bytes);
}

// ---- the store ------------------------------------------------------------------------------------------------------

std::shared_ptr<void> JournalStore::open(Runtime& runtime, const JournalStoreConfig& config, Log log, Opened done) {
  return open_core(runtime, config, log,
                   [&runtime, config, done = std::move(done)](Result<std::unique_ptr<Core>, std::string> core) mutable {
                     if (!core) return done(core.error());
                     auto impl = std::make_shared<Impl>(runtime, config, std::move(*core));
                     impl->begin();
                     done(std::unique_ptr<JournalStore>(new JournalStore(std::move(impl))));
                   });
}

JournalStore::JournalStore(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
JournalStore::~JournalStore() = default;

StoreId JournalStore::id() const { return impl_->core->ledger.store; }
StoreState JournalStore::state() const { return impl_->core->device->state(); }

void JournalStore::apply(std::vector<PageRecord> batch, Durability durability, Done done) {
  impl_->changer.apply(std::move(batch), durability, std::move(done));
}

void JournalStore::read(const PageId& page, std::uint32_t offset, std::uint32_t length,
                        Completion<Result<ReadAnswer, StoreError>> done) {
  if (!state().in_service) return done(StoreError::out_of_service);
  impl_->reader.read(page, offset, length, std::move(done));
}

void JournalStore::sync(Done done) {
  if (!state().in_service) return done(StoreError::out_of_service);
  impl_->committer.sync(std::move(done));
}

void JournalStore::close(Done done) {
  sync([impl = impl_.get(), done = std::move(done)](Result<void, StoreError> synced) mutable {
    if (!synced) return done(synced);
    impl->checkpoint_now(std::move(done));
  });
}

void JournalStore::bind_to_group(const GroupId& group, Completion<Result<void, std::string>> done) {
  if (impl_->core->superblock.group == group) return done({});
  if (!impl_->group.is_zero() && impl_->group != group) {
    return done(fmt::format(
        "store {}: it belongs to group {}, but the metadata are of group {}, where its pages would show up in other "
        "volumes; give another file, or give back the metadata",
        impl_->core->device->path(), impl_->group, group));
  }
  impl_->group = group;
  impl_->checkpoint_now([impl = impl_.get(), done = std::move(done)](Result<void, StoreError> result) mutable {
    if (result) return done({});
    done(impl->core->device->state().reason);
  });
}

Epoch JournalStore::promised(const PageId& page) const { return impl_->core->ledger.catalog.promises.promised(page); }
std::vector<Fence> JournalStore::fences() const { return impl_->core->ledger.catalog.promises.fences(); }
std::uint64_t JournalStore::first_seq() const { return impl_->core->ledger.first_seq(); }
std::vector<VersionedRange> JournalStore::unsettled(const PageId&) const { return {}; }

std::vector<ImageId> JournalStore::images() const {
  std::set<ImageId> all;
  for (const auto& [id, image] : impl_->core->ledger.catalog.images) {
    if (!image.dropped) all.insert(id);
  }
  for (const Fence& fence : fences()) all.insert(fence.image);
  return {all.begin(), all.end()};
}

std::optional<ImageNote> JournalStore::image_note(ImageId id) const {
  const StoredImage* image = impl_->core->ledger.live_image(id);
  if (!image) return std::nullopt;
  return ImageNote{image->page_bytes, image->text};
}

std::uint64_t JournalStore::image_bytes(ImageId id) const {
  const StoredImage* image = impl_->core->ledger.live_image(id);
  return image ? image->chunks * kChunkBytes : 0;
}

void JournalStore::describe_image(ImageId image, ImageNote note, Done done) {
  if (!state().in_service) return done(StoreError::out_of_service);
  if (image_note(image) == note) return done({});
  if (!impl_->may_have(image, note.page_bytes)) return done(StoreError::stale);
  if (note.text.size() > kMaxImageNoteBytes) return done(StoreError::no_space);
  Commit commit{.done = std::move(done)};
  commit.records.push_back({.kind = JournalKind::describe,
                            .page = {.image = image},
                            .page_bytes = note.page_bytes,
                            .text = std::move(note.text)});
  impl_->committer.submit(std::move(commit));
}

void JournalStore::drop_image(ImageId image, Done done) {
  if (!state().in_service) return done(StoreError::out_of_service);
  Commit commit;
  commit.records.push_back({.kind = JournalKind::drop, .page = {.image = image}});
  commit.done = [impl = impl_.get(), done = std::move(done)](Result<void, StoreError> result) mutable {
    if (result) impl->sweeper.start();
    done(result);
  };
  impl_->committer.submit(std::move(commit));
}

StoreSpace JournalStore::space() const { return impl_->grower.space(); }
void JournalStore::set_repair_source(RepairSource* source) { impl_->repair.set_source(source); }
RepairCounters JournalStore::repair_counters() const { return impl_->repair.counters(); }

StoreActivity JournalStore::activity() const {
  const JournalTraffic& traffic = impl_->committer.traffic();
  return {.frames = traffic.frames,
          .commits = traffic.commits,
          .journal_laps = static_cast<double>(traffic.blocks) / impl_->committer.ring_blocks(),
          .checkpoints = impl_->checkpoints,
          .checkpointing = impl_->core->checkpoint.running()};
}

StoreFigures JournalStore::figures() const {
  const Core& core = *impl_->core;
  const Space& space = core.ledger.space;
  StoreFigures figures{.path = core.device->path(), .group = impl_->group, .facts = core.facts};
  figures.checkpoint = core.superblock.checkpoint;
  figures.device_bytes = std::uint64_t{space.chunks()} * kChunkBytes;
  figures.journal_bytes = std::uint64_t{core.superblock.journal_chunks} * kChunkBytes;
  figures.journal_used_bytes = std::uint64_t{impl_->committer.used_blocks()} * kBlock;
  for (std::uint32_t chunk = 0; chunk < space.chunks(); ++chunk) {
    if (space.uses({chunk}) >= kNodeChunk) figures.metadata_bytes += kChunkBytes;
  }
  figures.waiting_home_bytes = core.ledger.overlay.bytes();
  figures.cached_nodes = core.ledger.cache.count();
  figures.most_cached_nodes = core.ledger.cache.limit();
  figures.changed_nodes = core.ledger.cache.dirty_count();
  figures.first_seq = core.ledger.first_seq();
  figures.fences = fences().size();
  figures.damaged_nodes = core.ledger.cache.damaged();
  return figures;
}

// ---- what is where --------------------------------------------------------------------------------------------------

void JournalStore::allocation(const PageId& page, std::uint32_t offset, std::uint32_t length,
                              Completion<Result<std::vector<AllocationRange>, StoreError>> done) {
  Ledger& ledger = impl_->core->ledger;
  const std::uint32_t first = offset / kBlock, end = (offset + length + kBlock - 1) / kBlock;
  if (!ledger.live_image(page.image)) {
    return done(std::vector<AllocationRange>{{offset, length, false}});
  }
  auto ranges = std::make_shared<std::vector<AllocationRange>>();
  const auto visit = [ranges, offset, length, at = offset](const ChunkPart&, const ChunkEntry& entry) mutable {
    const std::uint32_t chunk_end = (at / kChunkBytes + 1) * kChunkBytes;
    const std::uint32_t bytes = std::min(chunk_end, offset + length) - at;
    const bool mapped = is_mapped(entry);
    if (ranges->empty() || ranges->back().mapped != mapped) ranges->push_back({at, 0, mapped});
    ranges->back().length += bytes;
    at += bytes;
  };
  EntryWalk::run(ledger, ledger.parts(page, first, end - first), visit,
                 [ranges, done = std::move(done)](Result<void, StoreError> result) mutable {
                   if (!result) return done(result.error());
                   done(std::move(*ranges));
                 });
}

void JournalStore::versions_since(const PageId& page, const Version& version,
                                  Completion<Result<std::vector<VersionedRange>, StoreError>> done) {
  Ledger& ledger = impl_->core->ledger;
  auto ranges = std::make_shared<std::vector<VersionedRange>>();
  const StoredImage* image = ledger.live_image(page.image);
  if (!image) return done(std::move(*ranges));
  const auto visit = [ranges, version, at = std::uint32_t{0}](const ChunkPart&, const ChunkEntry& entry) mutable {
    if (entry.version > version) ranges->push_back({at, kChunkBytes, entry.version});
    at += kChunkBytes;
  };
  EntryWalk::run(ledger, ledger.parts(page, 0, image->page_bytes / kBlock), visit,
                 [ranges, done = std::move(done)](Result<void, StoreError> result) mutable {
                   if (!result) return done(result.error());
                   done(std::move(*ranges));
                 });
}

void JournalStore::list(ImageId image, PageIndex from, std::size_t limit,
                        Completion<Result<std::vector<StoredPage>, StoreError>> done) {
  list_pages(impl_->core->ledger, image, from, limit, std::move(done));
}

}  // namespace shoal::routing
