#include "routing/file_store.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "routing/bounded_run.h"
#include "routing/group_commit.h"
#include "routing/page_files.h"
#include "routing/promise_log.h"
#include "routing/promises.h"
#include "routing/store_folder.h"
#include "routing/stored_chunks.h"
#include "routing/zero_bytes.h"

namespace shoal::routing {
namespace {

constexpr std::size_t kConcurrentSyncs = 32;
constexpr Duration kBetweenRemovals = 1ms;  // at least; files of a dropped image go one by one

// The records of one apply(), until the last of them is done.
struct Batch {
  std::vector<PageRecord> records;
  Durability durability;
  PageStore::Done done;
  std::size_t remaining = 0;  // of the present step
  Result<void, StoreError> result;

  void fail(StoreError error) {
    if (result) result = error;
  }
};
using BatchRef = std::shared_ptr<Batch>;

bool is_void(RecordKind kind) { return kind == RecordKind::voided; }
bool is_change(RecordKind kind) { return !is_promise(kind); }

void write_zeros(File& file, std::uint32_t offset, std::uint32_t length, Completion<Result<void, FileError>> done) {
  Slices zeros;
  append_zeros(zeros, length);
  file.write(offset, std::move(zeros), SyncMode::none, std::move(done));
}

}  // namespace

// Completions of files hold `this`: they end with the files, which end with it. What the Runtime itself calls holds a
// weak reference.
struct FileStore::Impl : std::enable_shared_from_this<Impl> {
  Impl(Runtime& runtime_, StoreFolder folder_, Log log_)
      : runtime(runtime_), folder(std::move(folder_)), log(std::move(log_)) {}

  Result<void, std::string> load();
  Result<void, std::string> load_promises();

  void apply(const BatchRef& batch);
  std::vector<PageRecord> take_promises(Batch& batch);
  void keep_promises(const BatchRef& batch, const std::vector<PageRecord>& kept);
  template <class Next>
  void change_pages(const BatchRef& batch, bool (*chosen)(RecordKind), Next next);
  void change_page(const PageRecord& record, bool durable, Done done);
  void is_clear(const PageId& page, bool durable, Done done);
  void change_file(PageFile& file, const PageRecord& record, bool durable, Done done);
  void clear(File& file, std::uint32_t offset, std::uint32_t length, Completion<Result<void, FileError>> done);
  void on_changed(PageFile& file, bool is_data, bool durable, Done done, Result<void, FileError> result);
  void finish(const BatchRef& batch);

  void read(const PageId& page, std::uint32_t offset, std::uint32_t length,
            Completion<Result<ReadAnswer, StoreError>> done);
  void read_file(PageFile& file, std::uint32_t offset, std::uint32_t length,
                 Completion<Result<ReadAnswer, StoreError>> done);

  void describe_image(ImageId image, ImageNote note, Done done);
  void sync_all();
  void sync_images_folder(Completion<Result<void, FileError>> done);
  void drop_image(ImageId image, Done done);
  void remove_files(ImageId image, Done done);
  void remove_next(ImageId image, std::vector<std::string> names, Done done);
  void remove_folder(ImageId image, Done done);

  Result<void, StoreError> outcome(const Result<void, FileError>& result);
  void out_of_service(const std::string& what, FileError error);

  Runtime& runtime;
  StoreFolder folder;
  Log log;
  StoreState state;
  Promises promises;
  StoredChunks chunks;
  std::map<ImageId, ImageNote> notes;
  bool images_folder_synced = false;  // by this process
  bool makes_holes = true;            // as far as anybody knows
  PageFiles files{runtime, folder, kMaxOpenPageFiles, [this](FileError error) { out_of_service("write-back", error); }};
  GroupCommit syncs{[this] { sync_all(); }};
  std::unique_ptr<PromiseLog> promise_log;
  std::map<ImageId, std::unique_ptr<Timer>> removals;  // of images whose files are going
};

// ---- opening ----------------------------------------------------------------------------------------------------

Result<void, std::string> FileStore::Impl::load() {
  if (const auto loaded = load_promises(); !loaded) return loaded;
  auto kept = folder.notes(runtime, log);
  if (!kept) return kept.error();
  notes = std::move(*kept);
  const auto pages = folder.pages(runtime, log);
  if (!pages) return pages.error();
  for (const auto& [page, bytes] : *pages) {
    chunks.mark(page, 0, bytes);
    files.found(page);
  }
  log.info("store_opened path={} id={} new={} pages={} promises={}", shoal::quoted(folder.path()), folder.id(),
           folder.is_new(), pages->size(), promises.size());
  return {};
}

Result<void, std::string> FileStore::Impl::load_promises() {
  const auto text = runtime.read_whole(folder.promises_path());
  if (!text) return folder.error(fmt::format("promises.log cannot be read: {}", to_string(text.error())));
  const auto good = replay_promises(*text, promises);
  if (!good) return folder.error("promises.log: " + good.error());
  if (*good < text->size())
    log.warn("store_promises_torn path={} bytes={}", shoal::quoted(folder.path()), text->size() - *good);
  auto opened = PromiseLog::open(runtime, folder.promises_path(), *good, promises);
  if (!opened) return folder.error(fmt::format("promises.log cannot be opened: {}", to_string(opened.error())));
  promise_log = std::move(*opened);
  return {};
}

// ---- changes ----------------------------------------------------------------------------------------------------

// In this order: what is voided reads as zeros on the device before the void is on record, and promises are on record
// before data of the same batch.
void FileStore::Impl::apply(const BatchRef& batch) {
  if (!state.in_service) return batch->done(StoreError::out_of_service);
  const auto kept = std::make_shared<std::vector<PageRecord>>(take_promises(*batch));
  const auto change = [this, batch] { change_pages(batch, is_change, [this, batch] { finish(batch); }); };
  if (kept->empty()) return change();
  change_pages(batch, is_void, [this, batch, kept, change] {
    promise_log->append(*kept, [this, batch, change](Result<void, StoreError> result) {
      if (result) return change();
      if (result.error() == StoreError::out_of_service) out_of_service("promises.log", FileError::io);
      batch->fail(result.error());
      finish(batch);
    });
  });
}

// The batch's promises, known from now on, without those that are stale.
std::vector<PageRecord> FileStore::Impl::take_promises(Batch& batch) {
  std::vector<PageRecord> kept;
  std::erase_if(batch.records, [&](const PageRecord& record) {
    if (!is_promise(record.kind)) return false;
    const auto added = promises.add(record);
    if (!added) batch.fail(added.error());
    if (added) kept.push_back(record);
    return !added || record.kind != RecordKind::voided;
  });
  return kept;
}

// Calls `next` when all records of that choice are applied, or one has failed.
template <class Next>
void FileStore::Impl::change_pages(const BatchRef& batch, bool (*chosen)(RecordKind), Next next) {
  batch->remaining = 1;
  const auto ended = [batch, next](Result<void, StoreError> result) {
    if (!result) batch->fail(result.error());
    if (--batch->remaining == 0) next();
  };
  for (const PageRecord& record : batch->records) {
    if (!chosen(record.kind)) continue;
    ++batch->remaining;
    change_page(record, is_void(record.kind) || batch->durability == Durability::durable, ended);
  }
  ended({});
}

void FileStore::Impl::change_page(const PageRecord& record, bool durable, Done done) {
  if (!state.in_service) return done(StoreError::out_of_service);
  if (is_change(record.kind) && !promises.accepts(record)) return done(StoreError::stale);
  const bool is_data = record.kind == RecordKind::data;
  if (record.length == 0) return done({});
  if (!is_data && !chunks.any(record.page, record.offset, record.length)) {
    return is_clear(record.page, durable, std::move(done));
  }
  const bool create = is_data && !chunks.contains(record.page);
  files.open(record.page, create,
             [this, &record, durable, done = std::move(done)](Result<PageFile*, FileError> file) mutable {
               if (!file) return done(outcome(file.error()));
               change_file(**file, record, durable, std::move(done));
             });
}

// Reads as zeros already, perhaps because of a hole that is not on the device yet.
void FileStore::Impl::is_clear(const PageId& page, bool durable, Done done) {
  if (!durable) return done({});
  files.sync_page(page,
                  [this, done = std::move(done)](Result<void, FileError> result) mutable { done(outcome(result)); });
}

void FileStore::Impl::change_file(PageFile& file, const PageRecord& record, bool durable, Done done) {
  const bool is_data = record.kind == RecordKind::data;
  if (is_data) chunks.mark(record.page, record.offset, record.length);
  auto changed = [this, &file, &record, is_data, durable,
                  done = std::move(done)](Result<void, FileError> result) mutable {
    if (!is_data || !durable || !result) file.debt.add();  // a failed write may have written a part
    if (!is_data && result) chunks.clear(record.page, record.offset, record.length);
    on_changed(file, is_data, durable, std::move(done), result);
  };
  if (!is_data) return clear(*file.file, record.offset, record.length, std::move(changed));
  file.file->write(record.offset, record.data, durable ? SyncMode::data : SyncMode::none, std::move(changed));
}

// By holes, or by zeros where the file system knows no holes.
void FileStore::Impl::clear(File& file, std::uint32_t offset, std::uint32_t length,
                            Completion<Result<void, FileError>> done) {
  if (!makes_holes) return write_zeros(file, offset, length, std::move(done));
  file.punch(offset, length,
             [this, &file, offset, length, done = std::move(done)](Result<void, FileError> result) mutable {
               if (result || result.error() != FileError::not_supported) return done(result);
               if (makes_holes) log.warn("store_makes_no_holes path={}", shoal::quoted(folder.path()));
               makes_holes = false;
               write_zeros(file, offset, length, std::move(done));
             });
}

// Data was written through to the device; only the file's name may be missing.
void FileStore::Impl::on_changed(PageFile& file, bool is_data, bool durable, Done done,
                                 Result<void, FileError> result) {
  auto ended = [this, &file, done = std::move(done)](Result<void, FileError> result) mutable {
    done(outcome(result));
    files.release(file);
  };
  if (!durable || !result || !state.in_service) return ended(result);
  if (is_data) return files.sync_folder(file.page.image, std::move(ended));
  files.sync(file, std::move(ended));
}

void FileStore::Impl::finish(const BatchRef& batch) {
  if (!state.in_service) batch->result = StoreError::out_of_service;
  batch->done(batch->result);
}

// ---- reads ------------------------------------------------------------------------------------------------------

void FileStore::Impl::read(const PageId& page, std::uint32_t offset, std::uint32_t length,
                           Completion<Result<ReadAnswer, StoreError>> done) {
  if (!state.in_service) return done(StoreError::out_of_service);
  if (!chunks.any(page, offset, length)) {
    ReadAnswer zeros;
    append_zeros(zeros.data, length);
    return done(std::move(zeros));
  }
  files.open(page, false, [this, offset, length, done = std::move(done)](Result<PageFile*, FileError> file) mutable {
    if (file) return read_file(**file, offset, length, std::move(done));
    if (file.error() == FileError::no_resources) return done(StoreError::no_resources);
    out_of_service("open", file.error());
    done(StoreError::out_of_service);
  });
}

void FileStore::Impl::read_file(PageFile& file, std::uint32_t offset, std::uint32_t length,
                                Completion<Result<ReadAnswer, StoreError>> done) {
  MutableByteSpan into;
  Slice slice = Slice::fresh(length, into);
  file.file->read(offset, into,
                  [this, &file, slice = std::move(slice), into,
                   done = std::move(done)](Result<std::size_t, FileError> got) mutable {
                    files.release(file);
                    if (!got && got.error() == FileError::no_resources) return done(StoreError::no_resources);
                    if (!got) return done(StoreError::medium_error);
                    std::ranges::fill(into.subspan(*got), std::byte{});  // beyond the end of the file
                    ReadAnswer answer;
                    answer.data.push_back(std::move(slice));
                    done(std::move(answer));
                  });
}

// ---- durability -------------------------------------------------------------------------------------------------

void FileStore::Impl::sync_all() {
  std::vector<BoundedRun::Task> tasks;
  for (const PageId& page : files.owing()) {
    tasks.push_back([this, page](BoundedRun::Done done) {
      if (!state.in_service) return done({});
      files.sync_page(page, std::move(done));
    });
  }
  for (const ImageId image : files.owing_folders()) {
    tasks.push_back([this, image](BoundedRun::Done done) { files.sync_folder(image, std::move(done)); });
  }
  if (!images_folder_synced) tasks.push_back([this](BoundedRun::Done done) { sync_images_folder(std::move(done)); });
  BoundedRun::start(std::move(tasks), kConcurrentSyncs, [this](Result<void, FileError> result) {
    if (!result && result.error() != FileError::no_resources) out_of_service("sync", result.error());
    syncs.finished(outcome(result));
  });
}

// An earlier process may have made the folder of an image and been killed before that was durable.
void FileStore::Impl::sync_images_folder(Completion<Result<void, FileError>> done) {
  runtime.sync_directory(folder.images_path(),
                         [weak = weak_from_this(), done = std::move(done)](Result<void, FileError> result) mutable {
                           const auto self = weak.lock();
                           if (!self) return;
                           if (result) self->images_folder_synced = true;
                           done(result);
                         });
}

// What a change has come to. Anything but a shortage ends the service.
Result<void, StoreError> FileStore::Impl::outcome(const Result<void, FileError>& result) {
  const StoreError error = result ? StoreError{} : to_store_error(result.error());
  if (!result && error == StoreError::out_of_service) out_of_service("write", result.error());
  if (!state.in_service) return StoreError::out_of_service;
  if (!result) return error;
  return {};
}

void FileStore::Impl::out_of_service(const std::string& what, FileError error) {
  if (!state.in_service) return;
  state = {.in_service = false, .reason = fmt::format("{} failed in {}: {}", what, folder.path(), to_string(error))};
  log.error("store_out_of_service id={} reason={}", folder.id(), shoal::quoted(state.reason));
  files.fail_waiting(FileError::io);
}

// ---- notes of images --------------------------------------------------------------------------------------------

void FileStore::Impl::describe_image(ImageId image, ImageNote note, Done done) {
  if (!state.in_service) return done(StoreError::out_of_service);
  const auto written = folder.write_note(runtime, image, note);
  if (written) notes[image] = std::move(note);
  done(outcome(written));
}

// ---- dropping an image ------------------------------------------------------------------------------------------

void FileStore::Impl::drop_image(ImageId image, Done done) {
  if (!state.in_service) return done(StoreError::out_of_service);
  promises.drop(image);
  chunks.drop(image);
  files.drop(image);
  notes.erase(image);
  promise_log->append_dropped(image, [this, image, done = std::move(done)](Result<void, StoreError> result) mutable {
    if (!result) return done(result);
    remove_files(image, std::move(done));
  });
}

void FileStore::Impl::remove_files(ImageId image, Done done) {
  auto names = runtime.list_directory(folder.image_path(image));
  if (!names && names.error() == FileError::not_found) return remove_folder(image, std::move(done));
  if (!names) return done(outcome(names.error()));
  remove_next(image, std::move(*names), std::move(done));
}

// One file may take milliseconds of the loop: others have as long for themselves before the next one goes. By a timer,
// as what is posted runs for several rounds before sockets are looked at again.
void FileStore::Impl::remove_next(ImageId image, std::vector<std::string> names, Done done) {
  if (names.empty()) return remove_folder(image, std::move(done));
  const Time begun = runtime.now();
  const auto removed = runtime.remove_tree(folder.image_path(image) + "/" + names.back());
  if (!removed) return done(outcome(removed));
  names.pop_back();
  auto next = [this, image, names = std::move(names), done = std::move(done)]() mutable {
    const auto running = removals.extract(image);  // owns what runs here
    remove_next(image, std::move(names), std::move(done));
  };
  removals[image] = runtime.after(std::max(kBetweenRemovals, runtime.now() - begun), std::move(next));
}

void FileStore::Impl::remove_folder(ImageId image, Done done) {
  for (const std::string& path : {folder.image_path(image), folder.note_path(image)}) {
    if (const auto removed = runtime.remove_tree(path); !removed) return done(outcome(removed));
  }
  sync_images_folder([this, done = std::move(done)](Result<void, FileError> result) mutable { done(outcome(result)); });
}

// ---- the store --------------------------------------------------------------------------------------------------

Result<std::unique_ptr<FileStore>, std::string> FileStore::open(Runtime& runtime, const std::string& path, Log log) {
  auto folder = StoreFolder::open(runtime, path);
  if (!folder) return folder.error();
  auto impl = std::make_shared<Impl>(runtime, std::move(*folder), std::move(log));
  if (const auto loaded = impl->load(); !loaded) return loaded.error();
  return std::unique_ptr<FileStore>(new FileStore(std::move(impl)));
}

FileStore::FileStore(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileStore::~FileStore() = default;

StoreId FileStore::id() const { return impl_->folder.id(); }
StoreState FileStore::state() const { return impl_->state; }
StoreSpace FileStore::space() const { return {.used_bytes = impl_->chunks.bytes()}; }

void FileStore::apply(std::vector<PageRecord> batch, Durability durability, Done done) {
  impl_->apply(std::make_shared<Batch>(Batch{std::move(batch), durability, std::move(done)}));
}

void FileStore::read(const PageId& page, std::uint32_t offset, std::uint32_t length,
                     Completion<Result<ReadAnswer, StoreError>> done) {
  impl_->read(page, offset, length, std::move(done));
}

void FileStore::sync(Done done) {
  if (!impl_->state.in_service) return done(StoreError::out_of_service);
  impl_->syncs.ask(std::move(done));
}

Epoch FileStore::promised(const PageId& page) const { return impl_->promises.promised(page); }
std::vector<Fence> FileStore::fences() const { return impl_->promises.fences(); }
std::uint64_t FileStore::first_seq() const { return 1; }
std::vector<VersionedRange> FileStore::unsettled(const PageId&) const { return {}; }

void FileStore::versions_since(const PageId& page, const Version&,
                               Completion<Result<std::vector<VersionedRange>, StoreError>> done) {
  std::vector<VersionedRange> ranges;
  for (const AllocationRange& range : impl_->chunks.allocation(page, 0, kMaxPageBytes)) {
    if (range.mapped) ranges.push_back({range.offset, range.length, {}});
  }
  done(std::move(ranges));
}

void FileStore::allocation(const PageId& page, std::uint32_t offset, std::uint32_t length,
                           Completion<Result<std::vector<AllocationRange>, StoreError>> done) {
  done(impl_->chunks.allocation(page, offset, length));
}

std::vector<ImageId> FileStore::images() const {
  const auto stored = impl_->chunks.images();
  std::set<ImageId> images(stored.begin(), stored.end());
  for (const auto& [image, note] : impl_->notes) images.insert(image);
  for (const Fence& fence : fences()) images.insert(fence.image);
  return {images.begin(), images.end()};
}

void FileStore::list(ImageId image, PageIndex from, std::size_t limit,
                     Completion<Result<std::vector<StoredPage>, StoreError>> done) {
  done(impl_->chunks.list(image, from, limit));
}

void FileStore::describe_image(ImageId image, ImageNote note, Done done) {
  impl_->describe_image(image, std::move(note), std::move(done));
}

std::optional<ImageNote> FileStore::image_note(ImageId image) const {
  const auto found = impl_->notes.find(image);
  return found == impl_->notes.end() ? std::nullopt : std::optional(found->second);
}

void FileStore::drop_image(ImageId image, Done done) { impl_->drop_image(image, std::move(done)); }

}  // namespace shoal::routing
