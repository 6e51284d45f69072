#include "test/crash/log_store.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::crash {
namespace {

using namespace routing;

constexpr std::size_t kHead = 12;  // magic, length, CRC32C of what follows
constexpr std::uint32_t kMagic = 0x4c4f4721;

// ---- entries of the log: an operation as bytes

class Writer {
 public:
  template <class T>
  Writer& put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Writer& text(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Taker {
 public:
  explicit Taker(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  T take() {
    T value{};
    if (bytes_.size() < sizeof value) {
      bytes_ = {};
      return value;
    }
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const std::size_t size = std::min<std::size_t>(take<std::uint32_t>(), bytes_.size());
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }

 private:
  std::string_view bytes_;
};

enum class EntryKind : std::uint8_t { record, describe, drop };

std::string entry_of(const PageRecord& record) {
  return Writer()
      .put(EntryKind::record)
      .put(record.kind)
      .put(record.page.image)
      .put(record.page.index)
      .put(record.offset)
      .put(record.length)
      .put(record.version.epoch)
      .put(record.version.seq)
      .put(record.origin.nexus)
      .put(record.origin.generation)
      .put(record.attempt)
      .text(as_text(flatten(record.data).bytes()))
      .take();
}

PageRecord record_from(Taker& entry) {
  PageRecord record;
  record.kind = entry.take<RecordKind>();
  record.page.image = entry.take<ImageId>();
  record.page.index = entry.take<PageIndex>();
  record.offset = entry.take<std::uint32_t>();
  record.length = entry.take<std::uint32_t>();
  record.version.epoch = entry.take<Epoch>();
  record.version.seq = entry.take<std::uint64_t>();
  record.origin.nexus = entry.take<NexusId>();
  record.origin.generation = entry.take<Generation>();
  record.attempt = entry.take<std::uint32_t>();
  if (const std::string data = entry.text(); !data.empty()) record.data = {Slice::copy_of(data)};
  return record;
}

// ---- the store

class LogStore final : public PageStore {
 public:
  LogStore(Runtime& runtime, OpenDevice device, LogRule left_out)
      : file_(std::move(device.file)), size_(device.bytes), left_out_(left_out), memory_(runtime.random()) {}

  // What is read is the whole log.
  void replay(Completion<bool> done) {
    log_.resize(size_);
    file_->read(0, log_, [this, done = std::move(done)](Result<std::size_t, FileError> got) mutable {
      if (got) {
        while (replay_frame()) {
        }
      }
      log_.clear();
      const bool read = got.has_value() || left_out_ == LogRule::read_errors;
      // A crash may have left frames that were read and are not durable.
      file_->sync([read, done = std::move(done)](Result<void, FileError> synced) mutable { done(read && synced); });
    });
  }

  StoreId id() const override { return {}; }
  StoreKind kind() const override { return StoreKind::file; }
  StoreState state() const override { return {!failed_, "a write failed"}; }
  StoreSpace space() const override { return memory_.space(); }
  std::uint64_t image_bytes(ImageId image) const override { return memory_.image_bytes(image); }

  void apply(std::vector<PageRecord> batch, Durability, Done done) override {
    CHECK(batch.size() == 1, batch.size());  // the checker asks for no more
    std::string entry = is_logged(batch[0]) ? entry_of(batch[0]) : std::string();
    add(
        std::move(entry),
        [this, batch = std::move(batch)]() mutable {
          Result<void, StoreError> result;
          memory_.apply(std::move(batch), Durability::durable, [&](auto applied) { result = applied; });
          return result;
        },
        std::move(done));
  }
  void describe_image(ImageId image, ImageNote note, Done done) override {
    std::string entry = Writer().put(EntryKind::describe).put(image).put(note.page_bytes).text(note.text).take();
    add(
        std::move(entry),
        [this, image, note] {
          memory_.describe_image(image, note, [](auto) {});
          return Result<void, StoreError>();
        },
        std::move(done));
  }
  void drop_image(ImageId image, Done done) override {
    add(
        Writer().put(EntryKind::drop).put(image).take(),
        [this, image] {
          memory_.drop_image(image, [](auto) {});
          return Result<void, StoreError>();
        },
        std::move(done));
  }
  void sync(Done done) override {
    done(failed_ ? Result<void, StoreError>(StoreError::out_of_service) : Result<void, StoreError>());
  }

  void read(const PageId& page, std::uint32_t offset, std::uint32_t length,
            Completion<Result<ReadAnswer, StoreError>> done) override {
    memory_.read(page, offset, length, std::move(done));
  }
  Epoch promised(const PageId& page) const override { return memory_.promised(page); }
  std::vector<Fence> fences() const override { return memory_.fences(); }
  std::uint64_t first_seq() const override { return 1; }
  std::vector<VersionedRange> unsettled(const PageId&) const override { return {}; }
  void versions_since(const PageId& page, const Version& version,
                      Completion<Result<std::vector<VersionedRange>, StoreError>> done) override {
    memory_.versions_since(page, version, std::move(done));
  }
  void allocation(const PageId& page, std::uint32_t offset, std::uint32_t length,
                  Completion<Result<std::vector<AllocationRange>, StoreError>> done) override {
    memory_.allocation(page, offset, length, std::move(done));
  }
  std::vector<ImageId> images() const override { return memory_.images(); }
  void list(ImageId image, PageIndex from, std::size_t limit,
            Completion<Result<std::vector<StoredPage>, StoreError>> done) override {
    memory_.list(image, from, limit, std::move(done));
  }
  std::optional<ImageNote> image_note(ImageId image) const override { return memory_.image_note(image); }

 private:
  using Change = UniqueFunction<Result<void, StoreError>()>;
  struct Waiting {
    std::string entry;
    Change change;
    Done done;
  };

  bool is_logged(const PageRecord& record) const {
    if (record.kind == RecordKind::voided) return left_out_ != LogRule::logged_voids;
    const bool promise = record.kind == RecordKind::promise || record.kind == RecordKind::fence;
    return !promise || left_out_ != LogRule::logged_promises;
  }

  void add(std::string entry, Change change, Done done) {
    if (left_out_ == LogRule::late_answers) std::exchange(done, [](auto) {})({});
    waiting_.push_back({std::move(entry), std::move(change), std::move(done)});
    if (!writing_ || left_out_ == LogRule::one_at_a_time) write_next();
  }

  void write_next() {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    writing_ = true;
    Slice frame = make_frame(next.entry);
    const std::uint64_t at = std::exchange(end_, end_ + frame.size());
    const SyncMode mode = left_out_ == LogRule::durable_writes ? SyncMode::none : SyncMode::data;
    file_->write(at, {std::move(frame)}, mode, [this, next = std::move(next)](Result<void, FileError> written) mutable {
      writing_ = false;
      failed_ = failed_ || !written;
      failed_ ? next.done(StoreError::out_of_service) : next.done(next.change());
      if (!waiting_.empty() && !writing_) write_next();
    });
  }

  // The checksum goes on from the one of the frame before.
  std::uint32_t checksum(ByteSpan entry) const {
    return crc32c(entry, left_out_ == LogRule::chain ? 0 : previous_) ^ static_cast<std::uint32_t>(entry.size());
  }

  Slice make_frame(const std::string& entry) {
    const std::size_t size = (kHead + entry.size() + kDeviceBlockBytes - 1) / kDeviceBlockBytes * kDeviceBlockBytes;
    MutableByteSpan frame;
    Slice slice = Slice::fresh(size, frame);
    std::ranges::fill(frame, std::byte{0});
    std::ranges::copy(as_bytes(entry), frame.begin() + kHead);
    store_le(frame, 0, kMagic);
    store_le(frame, 4, static_cast<std::uint32_t>(entry.size()));
    store_le(frame, 8, previous_ = checksum(as_bytes(entry)));
    return slice;
  }

  bool replay_frame() {
    const ByteSpan rest = ByteSpan(log_).subspan(end_);
    if (rest.size() < kHead || load_le<std::uint32_t>(rest, 0) != kMagic) return false;
    const std::uint32_t size = load_le<std::uint32_t>(rest, 4);
    if (size > rest.size() - kHead) return false;
    const ByteSpan entry = rest.subspan(kHead, size);
    const bool sound = load_le<std::uint32_t>(rest, 8) == checksum(entry);
    if (!sound && left_out_ != LogRule::checksums) return false;
    previous_ = load_le<std::uint32_t>(rest, 8);
    if (size > 0) replay_entry(Taker(as_text(entry)));
    end_ += (kHead + size + kDeviceBlockBytes - 1) / kDeviceBlockBytes * kDeviceBlockBytes;
    return end_ <= log_.size();
  }

  void replay_entry(Taker entry) {
    switch (entry.take<EntryKind>()) {
      case EntryKind::record: {
        std::vector<PageRecord> batch{record_from(entry)};
        if (batch[0].length == total_size(batch[0].data) || batch[0].kind != RecordKind::data) {
          memory_.apply(std::move(batch), Durability::durable, [](auto) {});
        }
        return;
      }
      case EntryKind::describe: {
        const auto image = entry.take<ImageId>();
        const auto page_bytes = entry.take<std::uint32_t>();
        return memory_.describe_image(image, {page_bytes, entry.text()}, [](auto) {});
      }
      case EntryKind::drop: return memory_.drop_image(entry.take<ImageId>(), [](auto) {});
    }
  }

  std::unique_ptr<File> file_;
  std::uint64_t size_, end_ = 0;
  std::uint32_t previous_ = 0;
  const LogRule left_out_;
  MemoryStore memory_;
  std::vector<std::byte> log_;
  std::deque<Waiting> waiting_;
  bool writing_ = false, failed_ = false;
};

}  // namespace

StoreDriver log_store(LogRule left_out) {
  const auto open = [left_out](Runtime& runtime, StoreDriver::Opened done) {
    auto device = runtime.open_device("/log", DeviceOpen::create);
    auto store =
        std::make_shared<std::unique_ptr<LogStore>>(std::make_unique<LogStore>(runtime, std::move(*device), left_out));
    (*store)->replay([held = std::weak_ptr(store), done = std::move(done)](bool read) mutable {
      std::unique_ptr<PageStore> opened = std::move(*held.lock());
      read ? done(std::move(opened)) : done(std::string("the log cannot be read"));
    });
    return std::shared_ptr<void>(store);
  };
  return {.open = open, .close = [](PageStore&, PageStore::Done done) { done({}); }};
}

}  // namespace shoal::crash
