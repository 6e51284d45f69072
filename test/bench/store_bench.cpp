// store_bench: load on a journal store without any network, on the real Runtime, and figures of it as one line of JSON.
// scripts/bench-store sets them against fio's on the same disk.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "test/bench/loop_wait.h"
#include "test/bench/store_load.h"

namespace {

using namespace shoal;
using namespace shoal::test;

struct Options {
  routing::JournalStoreConfig config;
  LoadOptions load;
  std::string pattern = "randwrite";
  double seconds = 10;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("FILE", options.config.path, "of the store; one that is not there is made, and filled over the span")
      ->required();
  app.add_option("--pattern", options.pattern)
      ->check(CLI::IsMember({"randwrite", "randread", "seqwrite", "seqread"}))
      ->capture_default_str();
  app.add_option("--block", options.load.block_bytes, "bytes an operation")->capture_default_str();
  app.add_option("--span", options.load.span_bytes, "bytes that are used")->capture_default_str();
  app.add_option("--depth", options.load.depth)->check(CLI::Range(1, 4096))->capture_default_str();
  app.add_option("--background-writes", options.load.background_writes,
                 "durable random writes at a time beside it, which are not counted");
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 86400.0))->capture_default_str();
  app.add_flag("!--not-durable", options.load.durable, "writes are answered before they are durable");
  app.add_option("--journal", options.config.journal_bytes, "bytes, of a new store")->capture_default_str();
  app.add_option("--cache", options.config.cache_bytes, "bytes, for metadata")->capture_default_str();
}

using Done = Result<void, routing::StoreError>;

void must(const Done& done, const routing::JournalStore& store) {
  if (!done) throw std::runtime_error(fmt::format("{}: {}", to_string(done.error()), store.state().reason));
}

std::unique_ptr<routing::JournalStore> open(AsioRuntime& runtime, const Options& options) {
  using Opened = Result<std::unique_ptr<routing::JournalStore>, std::string>;
  std::shared_ptr<void> opening;
  auto opened = wait<Opened>(runtime, [&](auto done) {
    opening = routing::JournalStore::open(runtime, options.config, Log{}, std::move(done));
  });
  if (!opened) throw std::runtime_error(opened.error());
  return std::move(*opened);
}

// Whole chunks, so that nothing is left to be carried home.
void fill(AsioRuntime& runtime, routing::JournalStore& store, const LoadOptions& load) {
  const routing::ImageNote note{kLoadedPageBytes, "store_bench"};
  if (store.image_note(kLoadedImage) == note) return;
  must(wait<Done>(runtime, [&](auto done) { store.describe_image(kLoadedImage, note, std::move(done)); }), store);
  LoadOptions filling{.write = true,
                      .in_order = true,
                      .block_bytes = 1u << 20,
                      .span_bytes = load.span_bytes,
                      .depth = 8,
                      .duration = Duration::zero()};
  StoreLoad(runtime, store, filling).run();
}

double percentile(std::vector<std::uint32_t>& values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

nlohmann::json latencies(std::vector<std::uint32_t> values) {
  return {{"count", values.size()},
          {"p50", percentile(values, 0.5)},
          {"p99", percentile(values, 0.99)},
          {"p999", percentile(values, 0.999)}};
}

nlohmann::json report(LoadFigures figures, const Options& options) {
  const auto operations = static_cast<double>(figures.operations);
  const routing::StoreActivity& activity = figures.activity;
  std::vector<std::uint32_t> all = figures.latency_us;
  all.insert(all.end(), figures.latency_in_checkpoints_us.begin(), figures.latency_in_checkpoints_us.end());
  return {{"pattern", options.pattern},
          {"seconds", figures.seconds},
          {"iops", operations / figures.seconds},
          {"mb_per_s", operations * options.load.block_bytes / figures.seconds / 1e6},
          {"cpu_us", figures.cpu_seconds * 1e6 / operations},
          {"latency_us", latencies(std::move(all))},
          {"latency_in_checkpoints_us", latencies(std::move(figures.latency_in_checkpoints_us))},
          {"latency_outside_us", latencies(std::move(figures.latency_us))},
          {"frames", activity.frames},
          {"commits_a_frame",
           activity.frames > 0 ? static_cast<double>(activity.commits) / static_cast<double>(activity.frames) : 0},
          {"journal_laps", activity.journal_laps},
          {"checkpoints", activity.checkpoints}};
}

nlohmann::json measure(Options& options) {
  options.load.write = options.pattern.ends_with("write");
  options.load.in_order = options.pattern.starts_with("seq");
  options.load.duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.seconds));
  AsioRuntime runtime(FileEngine::uring);
  const auto store = open(runtime, options);
  fill(runtime, *store, options.load);
  must(wait<Done>(runtime, [&](auto done) { store->close(std::move(done)); }), *store);
  return report(StoreLoad(runtime, *store, options.load).run(), options);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("store_bench: load on a journal store; what it writes is not of any use");
  Options options;
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    std::cout << measure(options) << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "store_bench: " << error.what() << std::endl;
    return 1;
  }
}
