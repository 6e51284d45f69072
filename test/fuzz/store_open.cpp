// Fuzz: the device of a store that was made, used and killed, changed anywhere, and with all checksums made right again
// (store_sealer.h). Opening it, everything that can be asked of it then, writing to it, and shoal-fsck may say whatever
// they like, but they end, and the process goes on.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <optional>

#include "routing/journal_store/check/store_check.h"
#include "routing/journal_store/journal_store.h"
#include "test/crash/recorded_runtime.h"
#include "test/fuzz/store_sealer.h"

using namespace shoal;
using namespace shoal::routing;

namespace {

constexpr std::uint32_t kPageBytes = 4 * kChunkBytes;

JournalStoreConfig config() {
  return {.path = "/store",
          .capacity_bytes = 8u << 20,
          .journal_bytes = 1u << 20,
          .cache_bytes = 256u << 10,
          .grow_bytes = 1u << 20};
}

// One process with the device. Whatever is asked of it is answered, or the fuzzer has found something.
class Process {
 public:
  explicit Process(crash::DiskImage disk) : runtime_(std::move(disk), 1, history_) {}

  bool open() {
    std::optional<bool> opened;
    opening_ = JournalStore::open(runtime_, config(), Log(), [&](auto result) {
      if (result) store_ = std::move(*result);
      opened = store_ != nullptr;
    });
    wait([&] { return opened.has_value(); });
    opening_.reset();
    return *opened;
  }

  // Calls `ask` with a completion of any kind, and waits for it.
  template <class Ask>
  void answer(Ask ask) {
    bool answered = false;
    ask([&answered](auto&&...) { answered = true; });
    wait([&] { return answered; });
  }

  void check_store() {
    answer([this](auto done) {
      checking_ = journal::check_store(
          runtime_, {.path = config().path, .data = true}, [](auto&) {}, done);
    });
    checking_.reset();
  }

  void wait(const std::function<bool()>& done) {
    if (!runtime_.run_until(done)) std::abort();
  }
  JournalStore& store() { return *store_; }
  void kill() { store_.reset(); }
  const crash::DiskImage& disk() const { return runtime_.disk(); }

 private:
  crash::History history_;
  crash::RecordedRuntime runtime_;
  std::shared_ptr<void> opening_, checking_;
  std::unique_ptr<JournalStore> store_;
};

PageRecord record(RecordKind kind, std::uint64_t image, std::uint64_t page, std::uint32_t offset,
                  std::uint32_t length) {
  PageRecord made{.kind = kind,
                  .page = {ImageId{image}, PageIndex{page}},
                  .offset = offset,
                  .length = length,
                  .version = {kFirstEpoch, 1}};
  if (kind == RecordKind::data) made.data = {Slice::copy_of(std::string(length, 'd'))};
  return made;
}

void apply(Process& process, PageRecord record) {
  process.answer([&](auto done) {
    std::vector<PageRecord> batch;
    batch.push_back(std::move(record));
    process.store().apply(std::move(batch), Durability::durable, done);
  });
}

void describe(Process& process, std::uint64_t image) {
  process.answer([&](auto done) { process.store().describe_image(ImageId{image}, {kPageBytes, "a volume"}, done); });
}

// Some of everything, before a checkpoint and behind it.
void use(Process& process, std::uint32_t turn) {
  for (const std::uint64_t image : {7u, 8u, 9u + turn}) describe(process, image);
  apply(process, record(RecordKind::data, 7, turn, 0, 2 * kChunkBytes));
  apply(process, record(RecordKind::data, 7, 40 + turn, 4096, 8192));
  apply(process, record(RecordKind::data, 8, 1'000'000, turn * kChunkBytes, 4096));
  apply(process, record(RecordKind::unmap, 7, 40, 4096, 4096));
  apply(process, record(RecordKind::voided, 8, turn, 0, kPageBytes));
  apply(process, record(RecordKind::promise, 8, 3 + turn, 0, 0));
  const Fence fence{ImageId{7}, NexusId{{1}}, Generation{1 + turn}};
  process.answer([&](auto done) { process.store().fence(fence, Durability::durable, done); });
  process.answer([&](auto done) { process.store().drop_image(ImageId{9u + turn}, done); });
}

crash::DiskImage made_store() {
  Process process{crash::DiskImage()};
  if (!process.open()) std::abort();
  use(process, 0);
  process.answer([&](auto done) { process.store().close(done); });
  use(process, 1);
  process.kill();
  return process.disk();
}

void ask_about(Process& process, const PageId& page) {
  JournalStore& store = process.store();
  process.answer([&](auto done) { store.read(page, 0, kPageBytes, done); });
  process.answer([&](auto done) { store.allocation(page, 0, kPageBytes, done); });
  process.answer([&](auto done) { store.versions_since(page, {}, done); });
}

void ask_everything(Process& process) {
  JournalStore& store = process.store();
  for (const ImageId image : store.images()) {
    process.answer([&](auto done) { store.list(image, PageIndex{0}, 100, done); });
    for (const std::uint64_t page : {0u, 1u, 40u, 41u, 1'000'000u}) ask_about(process, {image, PageIndex{page}});
  }
  use(process, 2);
  process.answer([&](auto done) { store.close(done); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::StoreSealer made(made_store());
  FuzzedDataProvider in(data, size);
  const bool sealed = in.ConsumeBool();
  fuzz::StoreSealer sealer = made;
  while (in.remaining_bytes() > 0) {
    const auto object = in.ConsumeIntegral<std::uint8_t>();
    const auto at = in.ConsumeIntegral<std::uint16_t>();
    sealer.change(object, at, in.ConsumeBytesAsString(in.ConsumeIntegralInRange<std::size_t>(0, 8)));
  }
  if (sealed) sealer.seal();
  Process checked(sealer.disk());
  checked.check_store();
  Process opened(sealer.disk());
  if (opened.open()) ask_everything(opened);
  return 0;
}
