#include "test/crash/observe.h"

namespace shoal::crash {
namespace {

using routing::PageId;
using routing::ReadAnswer;
using routing::StoreError;

constexpr std::uint32_t kBlock = kPhysicalBlockBytes;

class Reader {
 public:
  Reader(RecordedRuntime& runtime, routing::PageStore& store) : runtime_(runtime), store_(store) {}

  // A page that cannot be read as a whole is read by blocks.
  bool read_page(const PageId& page, Observation& seen) {
    if (!read(page, 0, kPageBytes)) return false;
    if (*answer_) {
      take(page, 0, flatten((**answer_).data).bytes(), seen);
      return true;
    }
    for (std::uint32_t block = 0; block < kPageBlocks; ++block) {
      if (!read(page, block * kBlock, kBlock)) return false;
      if (*answer_) {
        take(page, block, flatten((**answer_).data).bytes(), seen);
      } else {
        seen.unreadable.insert({page, block});
      }
    }
    return true;
  }

 private:
  bool read(const PageId& page, std::uint32_t offset, std::uint32_t length) {
    answer_.reset();
    store_.read(page, offset, length, [this](Result<ReadAnswer, StoreError> answer) { answer_ = std::move(answer); });
    return runtime_.run_until([&] { return answer_.has_value(); });
  }

  static void take(const PageId& page, std::uint32_t first, ByteSpan bytes, Observation& seen) {
    for (std::uint32_t i = 0; i < bytes.size() / kBlock; ++i) {
      const BlockId block{page, first + i};
      if (const auto value = block_value(bytes.subspan(std::size_t{i} * kBlock, kBlock))) {
        seen.blocks[block] = *value;
      } else {
        seen.garbled.insert(block);
      }
    }
  }

  RecordedRuntime& runtime_;
  routing::PageStore& store_;
  std::optional<Result<ReadAnswer, StoreError>> answer_;
};

}  // namespace

std::optional<Observation> observe(RecordedRuntime& runtime, routing::PageStore& store, const Model& model) {
  Observation seen;
  Reader reader(runtime, store);
  for (const PageId& page : model.pages()) {
    if (!reader.read_page(page, seen)) return std::nullopt;
    seen.promises[page] = store.promised(page);
  }
  seen.fences = store.fences();
  seen.images = store.images();
  for (const ImageId image : model.images()) seen.notes[image] = store.image_note(image);
  return seen;
}

}  // namespace shoal::crash
