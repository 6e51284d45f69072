// open_bench: how long a store with much in it takes to open, and how much memory it has then, as one line of JSON.
//
//   truncate -s 1100G FILE && losetup --show -f FILE    # DEVICE; a hole where the data would be: opening reads none
//   open_bench --make DEVICE && open_bench DEVICE
// It is made with the metadata of so many bytes that are mapped, written by the store's own trees and checkpoints. A
// file itself would not do: a store fills its holes.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "routing/journal_store/journal_store.h"
#include "routing/journal_store/opener.h"
#include "test/bench/loop_wait.h"

namespace {

using namespace shoal;
using namespace shoal::test;
using namespace shoal::routing;
using namespace shoal::routing::journal;

constexpr ImageId kImage{1};
constexpr std::uint32_t kPageBytes = 16u << 20;
constexpr std::size_t kChunksPerCheckpoint = std::size_t{1} << 20;

struct Options {
  JournalStoreConfig config;
  std::uint64_t mapped_bytes = std::uint64_t{1} << 40;
};

void must(const Result<void, StoreError>& result, const char* what) {
  if (!result) throw std::runtime_error(fmt::format("{}: {}", what, to_string(result.error())));
}

std::unique_ptr<Core> open_core_of(AsioRuntime& runtime, const JournalStoreConfig& config) {
  std::shared_ptr<void> opening;
  auto core = wait<Result<std::unique_ptr<Core>, std::string>>(
      runtime, [&](auto done) { opening = open_core(runtime, config, Log{}, std::move(done)); });
  if (!core) throw std::runtime_error(core.error());
  return std::move(*core);
}

void checkpoint(AsioRuntime& runtime, Core& core) {
  Superblock next = core.superblock;
  next.device_chunks = core.ledger.space.chunks();
  must(wait<Result<void, StoreError>>(runtime, [&](auto done) { core.checkpoint.run(next, std::move(done)); }),
       "a checkpoint");
  core.superblock = core.checkpoint.written();
}

// As the journal would say it of a chunk whose data have been written to a fresh place.
void map_chunk(AsioRuntime& runtime, Core& core, std::uint64_t index) {
  Ledger& ledger = core.ledger;
  const std::uint64_t chunks_per_page = kPageBytes / kChunkBytes;
  const auto home = ledger.space.take();
  if (!home) throw std::runtime_error("the store is full");
  JournalRecord record{.kind = JournalKind::place,
                       .page = {kImage, PageIndex{index / chunks_per_page}},
                       .first_block = static_cast<std::uint32_t>(index % chunks_per_page * kBlocksPerChunk),
                       .blocks = kBlocksPerChunk,
                       .home = *home,
                       .version = {kFirstEpoch, index + 1}};
  record.crcs.assign(kBlocksPerChunk, static_cast<std::uint32_t>(index));
  const ChunkKey chunk{kImage, index};
  const auto leaf = wait<Result<NodePin, StoreError>>(
      runtime, [&](auto done) { ledger.trees.leaf(chunk.image, chunk.leaf(), IfAbsent::create, std::move(done)); });
  if (!leaf) throw std::runtime_error("a leaf cannot be read");
  must(ledger.apply(record, {}), "a chunk");
  ledger.space.release(*home);
}

void make(const Options& options) {
  AsioRuntime runtime(FileEngine::uring);
  const auto core = open_core_of(runtime, options.config);
  must(core->ledger.apply({.kind = JournalKind::describe, .page = {.image = kImage}, .page_bytes = kPageBytes}, {}),
       "the image");
  for (std::uint64_t index = 0; index < options.mapped_bytes / kChunkBytes; ++index) {
    map_chunk(runtime, *core, index);
    if (index % kChunksPerCheckpoint == kChunksPerCheckpoint - 1) checkpoint(runtime, *core);
  }
  checkpoint(runtime, *core);
}

// What the kernel still has of the file is nothing that an opening after a restart would have.
void forget_cached(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
}

std::uint64_t anonymous_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kib = 0;
    if (word == "RssAnon:" && status >> kib) return kib;
  }
  throw std::runtime_error("/proc/self/status does not tell RssAnon");
}

// Reads all leaves, as a member does that looks for all pages of an image.
void list_all(AsioRuntime& runtime, JournalStore& store) {
  constexpr std::size_t kAtOnce = 1000;
  using Pages = Result<std::vector<StoredPage>, StoreError>;
  for (PageIndex from{0};;) {
    const auto pages = wait<Pages>(runtime, [&](auto done) { store.list(kImage, from, kAtOnce, std::move(done)); });
    if (!pages) throw std::runtime_error(to_string(pages.error()));
    if (pages->size() < kAtOnce) return;
    from = PageIndex{pages->back().index.value + 1};
  }
}

nlohmann::json measure(const Options& options) {
  forget_cached(options.config.path);
  AsioRuntime runtime(FileEngine::uring);
  std::shared_ptr<void> opening;
  const Time begun = runtime.now();
  const auto store = wait<Result<std::unique_ptr<JournalStore>, std::string>>(
      runtime, [&](auto done) { opening = JournalStore::open(runtime, options.config, Log{}, std::move(done)); });
  if (!store) throw std::runtime_error(store.error());
  const std::chrono::duration<double> took = runtime.now() - begun;
  const std::uint64_t opened_kib = anonymous_kib();
  list_all(runtime, **store);
  return {{"mapped_bytes", (*store)->image_bytes(kImage)},
          {"open_seconds", took.count()},
          {"anonymous_mib", static_cast<double>(opened_kib) / 1024},
          {"anonymous_mib_all_listed", static_cast<double>(anonymous_kib()) / 1024},
          {"cache_mib", static_cast<double>(options.config.cache_bytes) / (1 << 20)}};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("open_bench: how long a store takes to open, and its memory then");
  Options options;
  bool makes = false;
  app.add_option("DEVICE", options.config.path, "of the store")->required();
  app.add_flag("--make", makes, "make it, which is not measured; the device is blank");
  app.add_option("--mapped", options.mapped_bytes, "bytes, of a new one")->capture_default_str();
  app.add_option("--cache", options.config.cache_bytes, "bytes, for metadata")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    makes ? make(options) : void(std::cout << measure(options) << std::endl);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "open_bench: " << error.what() << std::endl;
    return 1;
  }
}
