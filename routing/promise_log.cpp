#include "routing/promise_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "target/base/crc32c.h"

namespace shoal::routing {
namespace {

constexpr std::uint32_t kMagic = 0x314c5053;  // "SPL1"

enum class EntryKind : std::uint8_t { promise = 1, voided = 2, fence = 3, dropped = 4 };

using Entry = std::array<std::byte, kPromiseRecordBytes>;

// Offsets of the fields, little-endian.
enum : std::size_t {
  kMagicAt = 0,
  kKindAt = 4,
  kImageAt = 8,
  kPageAt = 16,
  kEpochAt = 24,
  kAttemptAt = 28,
  kNexusAt = 32,
  kGenerationAt = 48,
  kCrcAt = 60,
};

EntryKind kind_of(RecordKind kind) {
  switch (kind) {
    case RecordKind::promise: return EntryKind::promise;
    case RecordKind::voided: return EntryKind::voided;
    default: return EntryKind::fence;
  }
}

void put(std::string& log, EntryKind kind, const PageRecord& record) {
  Entry entry{};
  const MutableByteSpan bytes = entry;
  store_le(bytes, kMagicAt, kMagic);
  entry[kKindAt] = static_cast<std::byte>(kind);
  store_le(bytes, kImageAt, record.page.image.value);
  store_le(bytes, kPageAt, record.page.index.value);
  store_le(bytes, kEpochAt, record.version.epoch.value);
  store_le(bytes, kAttemptAt, record.attempt);
  std::ranges::copy(std::as_bytes(std::span(record.origin.nexus.bytes)), bytes.begin() + kNexusAt);
  store_le(bytes, kGenerationAt, record.origin.generation.value);
  store_le(bytes, kCrcAt, crc32c(bytes.first(kCrcAt)));
  log += as_text(bytes);
}

bool is_good(ByteSpan entry) {
  return load_le<std::uint32_t>(entry, kMagicAt) == kMagic &&
         load_le<std::uint32_t>(entry, kCrcAt) == crc32c(entry.first(kCrcAt));
}

PageRecord record_of(ByteSpan entry, RecordKind kind) {
  PageRecord record{.kind = kind};
  record.page = {ImageId{load_le<std::uint64_t>(entry, kImageAt)}, PageIndex{load_le<std::uint64_t>(entry, kPageAt)}};
  record.version.epoch = Epoch{load_le<std::uint32_t>(entry, kEpochAt)};
  record.attempt = load_le<std::uint32_t>(entry, kAttemptAt);
  std::ranges::copy(entry.subspan(kNexusAt, sizeof record.origin.nexus.bytes),
                    std::as_writable_bytes(std::span(record.origin.nexus.bytes)).begin());
  record.origin.generation = Generation{load_le<std::uint64_t>(entry, kGenerationAt)};
  return record;
}

// A promise that the log repeats changes nothing. False: of a kind that this version does not know.
bool add(ByteSpan entry, Promises& into) {
  switch (static_cast<EntryKind>(entry[kKindAt])) {
    case EntryKind::promise: (void)into.add(record_of(entry, RecordKind::promise)); return true;
    case EntryKind::voided: (void)into.add(record_of(entry, RecordKind::voided)); return true;
    case EntryKind::fence: (void)into.add(record_of(entry, RecordKind::fence)); return true;
    case EntryKind::dropped: into.drop(record_of(entry, RecordKind::fence).page.image); return true;
  }
  return false;
}

}  // namespace

std::string encode_promises(const std::vector<PageRecord>& records) {
  std::string log;
  for (const PageRecord& record : records) put(log, kind_of(record.kind), record);
  return log;
}

std::string encode_dropped_image(ImageId image) {
  std::string log;
  put(log, EntryKind::dropped, {.page = {.image = image}});
  return log;
}

Result<std::size_t, std::string> replay_promises(std::string_view log, Promises& into) {
  const ByteSpan bytes = as_bytes(log);
  std::size_t good = 0;
  while (bytes.size() - good >= kPromiseRecordBytes) {
    const ByteSpan entry = bytes.subspan(good, kPromiseRecordBytes);
    if (!is_good(entry)) break;
    if (!add(entry, into)) {
      return fmt::format("a record of kind {} at byte {} is of a newer version; run that one",
                         std::to_integer<unsigned>(entry[kKindAt]), good);
    }
    good += kPromiseRecordBytes;
  }
  return good;
}

Result<std::unique_ptr<PromiseLog>, FileError> PromiseLog::open(Runtime& runtime, std::string path,
                                                                std::uint64_t good_bytes, const Promises& promises) {
  auto file = runtime.open_file(path, false);
  if (!file) return file.error();
  return std::unique_ptr<PromiseLog>(new PromiseLog(runtime, std::move(path), std::move(*file), good_bytes, promises));
}

PromiseLog::PromiseLog(Runtime& runtime, std::string path, std::unique_ptr<File> file, std::uint64_t end,
                       const Promises& promises)
    : runtime_(runtime),
      path_(std::move(path)),
      file_(std::move(file)),
      end_(end),
      promises_(promises),
      commit_([this] { write_pending(); }) {}

void PromiseLog::append(const std::vector<PageRecord>& records, Done done) {
  append(encode_promises(records), std::move(done));
}

void PromiseLog::append_dropped(ImageId image, Done done) { append(encode_dropped_image(image), std::move(done)); }

void PromiseLog::append(std::string bytes, Done done) {
  pending_ += bytes;
  commit_.ask(std::move(done));
}

// A write that fails leaves `end_` where it was: the next one covers what is there.
void PromiseLog::write_pending() {
  const std::string bytes = std::exchange(pending_, {});
  const auto compacted = compact();
  if (!compacted) return commit_.finished(compacted.error());
  if (*compacted) return commit_.finished({});
  file_->write(end_, {Slice::copy_of(bytes)}, SyncMode::data,
               [this, size = bytes.size()](Result<void, FileError> written) {
                 if (!written) return commit_.finished(to_store_error(written.error()));
                 end_ += size;
                 commit_.finished({});
               });
}

// True: the log was written anew, with what is pending. Blocks for a moment; rare. Where there is no room or no
// descriptor for another the old one goes on; after any other error nobody knows which of them has the name.
Result<bool, StoreError> PromiseLog::compact() {
  if (end_ < kCompactPromisesAtBytes || end_ < 2 * promises_.size() * kPromiseRecordBytes) return false;
  const std::string all = encode_promises(promises_.records());
  if (const auto replaced = runtime_.replace_whole(path_, all); !replaced) {
    const StoreError error = to_store_error(replaced.error());
    if (error == StoreError::out_of_service) return error;
    return false;
  }
  auto file = runtime_.open_file(path_, false);
  if (!file) return StoreError::out_of_service;
  file_ = std::move(*file);
  end_ = all.size();
  return true;
}

}  // namespace shoal::routing
