// What the tests of stores and of the page service share: requests as a story, answers that wait, and a store that
// answers when it is told to.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "routing/page_store.h"
#include "test/unit/routing/routing_builders.h"

namespace shoal::routing::test {

// A slot for one answer. Copies share it.
template <class T>
struct Answer {
  std::shared_ptr<std::optional<T>> slot = std::make_shared<std::optional<T>>();
  auto taker() const {
    return [slot = slot](T value) { *slot = std::move(value); };
  }
  bool has() const { return slot->has_value(); }
  const T& get() const { return slot->value(); }
};

// ok, or the error: what Catch can compare and print.
using StoreOutcome = std::optional<StoreError>;
struct StoreDone {
  std::shared_ptr<std::optional<StoreOutcome>> slot = std::make_shared<std::optional<StoreOutcome>>();
  auto taker() const {
    return [slot = slot](Result<void, StoreError> result) {
      *slot = result ? StoreOutcome() : StoreOutcome(result.error());
    };
  }
  bool has() const { return slot->has_value(); }
  bool ok() const { return has() && !slot->value(); }
  StoreOutcome error() const { return slot->value(); }
};

inline Slices filled(std::size_t bytes, int value) {
  return {Slice::copy_of(std::string(bytes, static_cast<char>(value)))};
}

inline std::string text_of(const Slices& data) { return std::string(as_text(flatten(data).bytes())); }

inline PageId page_of(std::uint64_t image, std::uint64_t index) { return {ImageId{image}, PageIndex{index}}; }

inline PageRecord data_record(const PageId& page, std::uint32_t offset, Slices data) {
  const auto length = static_cast<std::uint32_t>(total_size(data));
  return {.page = page, .offset = offset, .length = length, .version = {kFirstEpoch, 1}, .data = std::move(data)};
}

inline PageRecord clear_record(RecordKind kind, const PageId& page, std::uint32_t offset, std::uint32_t length) {
  return {.kind = kind, .page = page, .offset = offset, .length = length, .version = {kFirstEpoch, 1}};
}

inline std::vector<PageRecord> batch_of(PageRecord record) {
  std::vector<PageRecord> batch;
  batch.push_back(std::move(record));
  return batch;
}

// What a store answers before the call returns.
inline std::vector<AllocationRange> allocation(PageStore& store, const PageId& page, std::uint32_t offset,
                                               std::uint32_t length) {
  Answer<Result<std::vector<AllocationRange>, StoreError>> answer;
  store.allocation(page, offset, length, answer.taker());
  return *answer.get();
}
inline std::vector<VersionedRange> versions_since(PageStore& store, const PageId& page, const Version& version) {
  Answer<Result<std::vector<VersionedRange>, StoreError>> answer;
  store.versions_since(page, version, answer.taker());
  return *answer.get();
}
inline std::vector<StoredPage> list(PageStore& store, ImageId image, PageIndex from = {}, std::size_t limit = 1000) {
  Answer<Result<std::vector<StoredPage>, StoreError>> answer;
  store.list(image, from, limit, answer.taker());
  return *answer.get();
}
inline StoreDone describe(PageStore& store, ImageId image, ImageNote note) {
  StoreDone done;
  store.describe_image(image, std::move(note), done.taker());
  return done;
}

// Pages as plain arrays.
class ModelPages {
 public:
  static constexpr std::uint32_t kPageBytes = 4 * kChunkBytes;
  std::string& operator[](const PageId& page) {
    return pages_.try_emplace(page, std::string(kPageBytes, '\0')).first->second;
  }
  void apply(const PageRecord& record) {
    const std::string bytes = record.kind == RecordKind::data ? text_of(record.data) : std::string(record.length, '\0');
    (*this)[record.page].replace(record.offset, record.length, bytes);
  }

 private:
  std::map<PageId, std::string> pages_;
};

// A random record inside a model's page, with bytes that are unlikely to be met by accident.
inline PageRecord random_record(SeededRandom& random) {
  const PageId page = page_of(7, random.below(3));
  const auto blocks = ModelPages::kPageBytes / kBlockBytes;
  const auto first = static_cast<std::uint32_t>(random.below(blocks));
  const auto most = std::min<std::uint32_t>(random.below(4) == 0 ? 300 : 16, blocks - first);
  const auto offset = first * kBlockBytes, length = static_cast<std::uint32_t>(1 + random.below(most)) * kBlockBytes;
  const auto kind = random.below(6);
  if (kind == 0) return clear_record(RecordKind::zero, page, offset, length);
  if (kind == 1) return clear_record(RecordKind::unmap, page, 0, ModelPages::kPageBytes);
  return data_record(page, offset, filled(length, static_cast<int>(1 + random.below(255))));
}

// Keeps every call until the test answers it.
class ManualStore final : public PageStore {
 public:
  struct Call {
    std::string what;  // "read", "apply", "sync", "allocation", "describe", "drop"
    std::vector<PageRecord> batch;
    Durability durability = Durability::applied;
    std::uint32_t offset = 0, length = 0;
    ImageId image;
    ImageNote note;
    Done done;
    Completion<Result<ReadAnswer, StoreError>> read_done;
    Completion<Result<std::vector<AllocationRange>, StoreError>> allocation_done;

    void ok() { done({}); }
    void fail(StoreError error) { what == "read" ? read_done(error) : done(error); }
    void answer(Slices data) { read_done(ReadAnswer{std::move(data), {}}); }
  };

  std::deque<Call> calls;
  std::vector<Fence> kept;
  std::map<ImageId, ImageNote> notes;
  StoreState its_state;

  Call take() {
    Call call = std::move(calls.front());
    calls.pop_front();
    return call;
  }

  StoreId id() const override { return store_id(1); }
  StoreKind kind() const override { return StoreKind::file; }
  StoreState state() const override { return its_state; }
  StoreSpace space() const override { return {}; }
  void apply(std::vector<PageRecord> batch, Durability durability, Done done) override {
    calls.push_back({.what = "apply", .batch = std::move(batch), .durability = durability, .done = std::move(done)});
  }
  void read(const PageId&, std::uint32_t offset, std::uint32_t length,
            Completion<Result<ReadAnswer, StoreError>> done) override {
    calls.push_back({.what = "read", .offset = offset, .length = length, .read_done = std::move(done)});
  }
  void sync(Done done) override { calls.push_back({.what = "sync", .done = std::move(done)}); }
  Epoch promised(const PageId&) const override { return {}; }
  std::vector<Fence> fences() const override { return kept; }
  std::uint64_t first_seq() const override { return 1; }
  std::vector<VersionedRange> unsettled(const PageId&) const override { return {}; }
  void versions_since(const PageId&, const Version&,
                      Completion<Result<std::vector<VersionedRange>, StoreError>> done) override {
    done(std::vector<VersionedRange>{});
  }
  void allocation(const PageId&, std::uint32_t offset, std::uint32_t length,
                  Completion<Result<std::vector<AllocationRange>, StoreError>> done) override {
    calls.push_back({.what = "allocation", .offset = offset, .length = length, .allocation_done = std::move(done)});
  }
  std::vector<ImageId> images() const override { return {}; }
  void list(ImageId, PageIndex, std::size_t, Completion<Result<std::vector<StoredPage>, StoreError>> done) override {
    done(std::vector<StoredPage>{});
  }
  void describe_image(ImageId image, ImageNote note, Done done) override {
    calls.push_back({.what = "describe", .image = image, .note = std::move(note), .done = std::move(done)});
  }
  std::optional<ImageNote> image_note(ImageId image) const override {
    return notes.contains(image) ? std::optional(notes.at(image)) : std::nullopt;
  }
  std::uint64_t image_bytes(ImageId) const override { return 0; }
  void drop_image(ImageId, Done done) override { calls.push_back({.what = "drop", .done = std::move(done)}); }
};

}  // namespace shoal::routing::test
