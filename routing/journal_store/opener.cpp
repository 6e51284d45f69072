#include "routing/journal_store/opener.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "routing/journal_store/array_reader.h"
#include "routing/journal_store/file_system_margin.h"
#include "routing/journal_store/format_layout.h"
#include "routing/journal_store/node_census.h"
#include "routing/journal_store/refusals.h"
#include "routing/journal_store/replay.h"
#include "routing/journal_store/superblock_set.h"
#include "routing/zero_bytes.h"

namespace shoal::routing::journal {
namespace {

constexpr std::uint64_t kBlankBytes = 1u << 20;  // zeros at the beginning of what may become a store
constexpr std::uint32_t kZeroRunBlocks = 256;
constexpr Duration kFreeWithin = 2s;  // a device that is in use
constexpr Duration kAskAgain = 50ms;

template <class Id>
Id random_id(Random& random) {
  Id id;
  random.fill(std::as_writable_bytes(std::span(id.bytes)));
  return id;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

class Opener {
 public:
  using Done = Completion<Result<std::unique_ptr<Core>, std::string>>;

  Opener(Runtime& runtime, const JournalStoreConfig& config, Log log, Done done)
      : runtime_(runtime), config_(config), log_(std::move(log)), done_(std::move(done)) {}

  void run();

 private:
  void fail(const std::string& what) { finish(fmt::format("store {}: {}", config_.path, what)); }
  void finish(Result<std::unique_ptr<Core>, std::string> result);

  void open_device();
  bool ask_again();
  void tell_promises();
  void read_superblocks();
  void on_superblocks();
  void look_for_data();
  void refuse();
  void choose(const SuperblockSet& set);
  void read_space();
  void take_space(ReadArray array);
  void take_catalog(ReadArray array);
  void replay();

  void make();
  std::uint64_t file_system_chunks() const;
  void wipe_superblocks();
  void write_zeros(std::uint64_t block);
  void checkpoint(const JournalPosition& replay_from);
  void write_checkpoint();

  Runtime& runtime_;
  JournalStoreConfig config_;
  Log log_;
  Done done_;
  SharedBytes beginning_;  // of the device, as far as it was read last; outlives the file that reads it
  OpenDevice opened_;
  std::unique_ptr<Device> device_;  // until the store's id is known, and with it its core
  std::unique_ptr<Core> core_;
  Superblock superblock_;
  unsigned parts_ = 0;
  std::optional<Time> in_use_since_;
  std::unique_ptr<Timer> retry_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

void Opener::run() {
  if (const auto made = runtime_.make_directories(parent_of(config_.path)); !made) {
    return fail(fmt::format("its folder cannot be made: {}", to_string(made.error())));
  }
  open_device();
}

void Opener::open_device() {
  auto opened = runtime_.open_device(config_.path, DeviceOpen::create);
  if (!opened && opened.error() == FileError::in_use && ask_again()) return;
  if (!opened) return finish(cannot_open(opened.error(), config_.path));
  opened_ = std::move(*opened);
  tell_promises();
  read_superblocks();
}

// The lock of a process that was killed stays until the kernel has ended what that one had under way.
bool Opener::ask_again() {
  if (!in_use_since_) {
    in_use_since_ = runtime_.now();
    log_.warn("store_in_use path={} waits_s={}", quoted(config_.path),
              std::chrono::duration_cast<std::chrono::seconds>(kFreeWithin).count());
  }
  if (runtime_.now() - *in_use_since_ >= kFreeWithin) return false;
  retry_ = runtime_.after(kAskAgain, [this] { open_device(); });
  return true;
}

// How much "durable" is worth here.
void Opener::tell_promises() {
  log_.info("store_device path={} device={}", quoted(config_.path), quoted(describe(opened_.facts)));
  for (const std::string& warning : durability_warnings(opened_.facts)) {
    log_.warn("store_durability path={} warning={}", quoted(config_.path), quoted(warning));
  }
}

// The last that happens here: whoever is told may destroy this.
void Opener::finish(Result<std::unique_ptr<Core>, std::string> result) {
  if (!done_) return;
  auto done = std::move(done_);
  done_ = nullptr;
  done(std::move(result));
}

// ---- a store that exists --------------------------------------------------------------------------------------------

// Of a file that is shorter, what there is: it may be a store whose making was broken off.
void Opener::read_superblocks() {
  beginning_ = aligned_bytes(kSuperblockBytes);
  std::fill_n(beginning_.get(), kSuperblockBytes, std::byte{0});
  opened_.file->read(0, {beginning_.get(), kSuperblockBytes}, [this](Result<std::size_t, FileError> got) {
    if (!got) return fail(fmt::format("its superblocks cannot be read: {}", to_string(got.error())));
    device_ = std::make_unique<Device>(runtime_, std::move(opened_.file), config_.path, log_);
    on_superblocks();
  });
}

void Opener::on_superblocks() {
  const SuperblockSet set = journal::read_superblocks({beginning_.get(), kSuperblockBytes});
  if (set.newer_format) return fail(kNewerFormat);
  if (set.newest) return choose(set);
  set.blank ? look_for_data() : refuse();
}

// Superblocks may be blank by an accident, too, with a store behind them.
void Opener::look_for_data() {
  const std::uint64_t bytes = std::min<std::uint64_t>(opened_.bytes, kBlankBytes) / kBlock * kBlock;
  if (bytes <= kSuperblockBytes) return make();
  const std::size_t rest = bytes - kSuperblockBytes;
  beginning_ = aligned_bytes(rest);
  device_->read({kSuperblockBytes / kBlock}, {beginning_.get(), rest}, [this, rest](Result<void, StoreError> read) {
    if (!read) return fail(fmt::format("its beginning cannot be read: {}", to_string(read.error())));
    all_zero({beginning_.get(), rest}) ? make() : refuse();
  });
}

void Opener::refuse() {
  fail(
      "it holds something else, or all of its superblocks are damaged. Nothing was changed; for a new store give the "
      "name of a new file, or clear the device's first MiB (blkdiscard, or dd from /dev/zero)");
}

void Opener::choose(const SuperblockSet& set) {
  if (set.several_stores) return fail(kSeveralStores);
  superblock_ = *set.newest;
  if (config_.admit) {
    if (const auto admitted = config_.admit(superblock_.store, superblock_.checkpoint); !admitted) {
      return fail(admitted.error());
    }
  }
  if (set.copies_of_newest() < kSuperblockCopies) {
    log_.warn("store_superblock_copy_damaged path={} checkpoint={}", quoted(config_.path), superblock_.checkpoint);
  }
  if (opened_.bytes / kChunkBytes < superblock_.device_chunks) return fail(too_short(opened_.bytes, superblock_));
  core_ = std::make_unique<Core>(std::move(device_), superblock_.store, config_.cache_bytes);
  core_->ledger.set_first_seq(superblock_.first_seq);
  read_space();
}

void Opener::read_space() {
  read_array(*core_->device, TreeId::Kind::space, superblock_.store, superblock_.space, superblock_.device_chunks,
             [this](Result<ReadArray, std::string> array) {
               if (!array) return fail(array.error());
               take_space(std::move(*array));
             });
}

// The device may have grown since the checkpoint, and the journal may speak of what is there.
void Opener::take_space(ReadArray array) {
  if (!is_sound_space(array.bytes, superblock_.journal_chunks)) return fail("its space map cannot be understood");
  core_->ledger.space = Space(std::move(array.bytes));
  core_->space.restore(std::move(array.levels));
  superblock_.device_chunks = static_cast<std::uint32_t>(std::max<std::uint64_t>(
      superblock_.device_chunks, std::min<std::uint64_t>(opened_.bytes / kChunkBytes, kMaxDeviceChunks)));
  core_->ledger.space.grow(superblock_.device_chunks);
  read_array(*core_->device, TreeId::Kind::catalog, superblock_.store, superblock_.catalog, superblock_.catalog_bytes,
             [this](Result<ReadArray, std::string> array) {
               if (!array) return fail(array.error());
               take_catalog(std::move(*array));
             });
}

void Opener::take_catalog(ReadArray array) {
  auto catalog = decode_catalog(as_text(std::as_bytes(std::span(array.bytes))));
  const auto is_outside = [this](const auto& image) { return !core_->ledger.space.has(image.second.root.at); };
  if (!catalog || std::ranges::any_of(catalog->images, is_outside)) return fail("its catalog cannot be understood");
  core_->ledger.catalog = std::move(*catalog);
  core_->ledger.reserve.count_images();
  core_->catalog.restore(std::move(array.levels));
  std::make_shared<NodeCensus>(*core_)->run([this] { replay(); });
}

void Opener::replay() {
  std::make_shared<Replay>(*core_->device, core_->ledger, superblock_)
      ->run([this](Result<Replay::Outcome, ReplayFault> outcome) {
        if (!outcome) return fail(outcome.error().words + "; shoal-fsck tells what can be done");
        log_.info("store_opened path={} checkpoint={} frames_replayed={}", quoted(config_.path), superblock_.checkpoint,
                  outcome->frames);
        checkpoint(outcome->end);
      });
}

// ---- a new one ------------------------------------------------------------------------------------------------------

void Opener::make() {
  const std::uint64_t journal_chunks = config_.journal_bytes / kChunkBytes;
  if (journal_chunks < kMinJournalChunks || journal_chunks > kMaxJournalChunks) {
    return fail(fmt::format("a journal of {} bytes: it has {} to {} bytes", config_.journal_bytes,
                            std::uint64_t{kMinJournalChunks} * kChunkBytes,
                            std::uint64_t{kMaxJournalChunks} * kChunkBytes));
  }
  superblock_ = {.store = random_id<StoreId>(runtime_.random()), .next_chain = random_id<ChainId>(runtime_.random())};
  superblock_.journal_chunks = static_cast<std::uint32_t>(journal_chunks);
  const std::uint64_t least = kJournalChunk.value + superblock_.journal_chunks + kLeastSpaceChunks;
  const bool is_file = !opened_.facts.block_device;  // a device is used as a whole
  const std::uint64_t first = is_file ? least + config_.grow_bytes / kChunkBytes : opened_.bytes / kChunkBytes;
  const bool limited = is_file && config_.capacity_bytes > 0;
  const std::uint64_t most = limited ? config_.capacity_bytes / kChunkBytes : kMaxDeviceChunks;
  const std::uint64_t room = is_file ? file_system_chunks() : kMaxDeviceChunks;
  if (room < least) return fail(no_room_for_store(least * kChunkBytes));
  superblock_.device_chunks =
      static_cast<std::uint32_t>(std::min({first, most, room, std::uint64_t{kMaxDeviceChunks}}));
  if (superblock_.device_chunks < least) {
    return fail(fmt::format("too small: with a journal of {} bytes a store has at least {} bytes",
                            config_.journal_bytes, least * kChunkBytes));
  }
  log_.info("store_is_made path={} store={} bytes={}", quoted(config_.path), superblock_.store,
            std::uint64_t{superblock_.device_chunks} * kChunkBytes);
  core_ = std::make_unique<Core>(std::move(device_), superblock_.store, config_.cache_bytes);
  core_->ledger.space = Space(superblock_.device_chunks, superblock_.journal_chunks);
  core_->ledger.reserve.count_images();
  core_->ledger.catalog_changed = true;
  if (!is_file) return wipe_superblocks();
  runtime_.sync_directory(
      parent_of(config_.path), [this, alive = std::weak_ptr<void>(alive_)](Result<void, FileError> synced) {
        if (!alive.lock()) return;
        if (!synced) return fail(fmt::format("its name cannot be made durable: {}", to_string(synced.error())));
        write_zeros(0);
      });
}

// That a file may come to.
std::uint64_t Opener::file_system_chunks() const {
  if (!config_.file_system_room) return kMaxDeviceChunks;
  return (opened_.bytes + without_margin(config_.file_system_room()).free_bytes) / kChunkBytes;
}

// Superblocks of a store that was here before.
void Opener::wipe_superblocks() {
  parts_ = kSuperblockPlaces;
  for (const BlockNumber place : all_superblock_places()) {
    Slices zeros;
    append_zeros(zeros, kBlock);
    core_->device->write(place, std::move(zeros), SyncMode::data, [this](Result<void, StoreError> result) {
      if (!result) return fail(core_->device->state().reason);
      if (--parts_ == 0) checkpoint({});
    });
  }
}

// A file has its blocks before they are used: a hole would cost the file system a transaction at its first write.
void Opener::write_zeros(std::uint64_t block) {
  const std::uint64_t end = std::uint64_t{superblock_.device_chunks} * kBlocksPerChunk;
  if (block >= end) return checkpoint({});
  Slices zeros;
  append_zeros(zeros, std::min<std::uint64_t>(kZeroRunBlocks, end - block) * kBlock);
  core_->device->extend({block}, std::move(zeros), [this, block, end](Result<void, StoreError> result) {
    if (result) return write_zeros(block + kZeroRunBlocks);
    fail(result.error() == StoreError::no_space ? no_room_for_store(end * kBlock) : core_->device->state().reason);
  });
}

// ---- both -----------------------------------------------------------------------------------------------------------

// What was read may still be in the device's volatile cache, if the process before this one was killed: before it is
// durable nothing goes home, and no node takes the place of an older one.
void Opener::checkpoint(const JournalPosition& replay_from) {
  superblock_.replay = replay_from;
  superblock_.chain = std::exchange(superblock_.next_chain, random_id<ChainId>(runtime_.random()));
  core_->device->sync([this](Result<void, StoreError> synced) {
    if (!synced) return fail(core_->device->state().reason);
    write_checkpoint();
  });
}

void Opener::write_checkpoint() {
  core_->checkpoint.run(superblock_, [this](Result<void, StoreError> result) {
    if (!result) {
      return fail(result.error() == StoreError::no_space ? kNoRoomForMetadata : core_->device->state().reason);
    }
    core_->superblock = core_->checkpoint.written();
    core_->facts = opened_.facts;
    finish(std::move(core_));
  });
}

}  // namespace

std::shared_ptr<void> open_core(Runtime& runtime, const JournalStoreConfig& config, Log log,
                                Completion<Result<std::unique_ptr<Core>, std::string>> done) {
  auto opener = std::make_shared<Opener>(runtime, config, std::move(log), std::move(done));
  runtime.post([weak = std::weak_ptr<Opener>(opener)] {
    if (const auto opener = weak.lock()) opener->run();
  });
  return opener;
}

}  // namespace shoal::routing::journal
