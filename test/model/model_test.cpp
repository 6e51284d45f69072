// model-test: random operations through libiscsi, compared with small models of what a disk must be. Overwrites the
// disk.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "test/model/block_run.h"
#include "test/model/counting_run.h"
#include "test/model/reservation_run.h"
#include "test/model/trace_run.h"
#include "test/model/url_sessions.h"

namespace {

struct Options {
  std::string kind;
  std::vector<std::string> urls;
  std::uint64_t seed = 1, operations = 1000;
  int initiators = 3;
  std::uint64_t page_blocks = 2048;
};

std::string repeat(const Options& options) {
  std::string text =
      fmt::format("model-test {} --seed {} --operations {} --initiators {} --page-blocks {}", options.kind,
                  options.seed, options.operations, options.initiators, options.page_blocks);
  for (const auto& url : options.urls) text += " " + url;
  return text;
}

std::string reservations(const Options& options, model::Journal& journal) {
  model::UrlSessions sessions(options.urls);
  model::ReservationRun run(sessions, options.initiators, options.seed, journal);
  run.run(options.operations);
  return run.summary();
}

std::string blocks(const Options& options, model::Journal& journal) {
  model::BlockRun run(options.urls, options.page_blocks, options.seed, journal);
  run.run(options.operations);
  return run.summary();
}

// Here an operation is one increment of each counter by each initiator.
std::string counting(const Options& options, model::Journal& journal) {
  const auto counted = model::count_together(options.urls, options.initiators, options.operations, options.page_blocks,
                                             options.seed, journal);
  return fmt::format("{} increments, {} MISCOMPARE, {} reads", counted.increments, counted.miscompares, counted.reads);
}

std::string trace(const Options& options, model::Journal& journal) {
  if (options.kind == "hypervisor") {
    model::play_hypervisor(options.urls, options.page_blocks, journal);
  } else {
    model::play_failover_cluster(options.urls, journal);
  }
  return fmt::format("{} commands", journal.count());
}

std::string run(const Options& options, model::Journal& journal) {
  if (options.kind == "reservations") return reservations(options, journal);
  if (options.kind == "blocks") return blocks(options, journal);
  if (options.kind == "counting") return counting(options, journal);
  return trace(options, journal);
}

int run_and_tell(const Options& options) {
  model::Journal journal;
  try {
    const std::string summary = run(options, journal);
    std::cout << fmt::format("{}: no difference: {}\n", options.kind, summary);
    return 0;
  } catch (const std::runtime_error& problem) {
    for (const auto& line : journal.lines()) std::cout << "  " << line << '\n';
    std::cout << fmt::format("{}: {}\nrepeat with: {}\n", options.kind, problem.what(), repeat(options));
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Random operations through libiscsi against a model; the disk is overwritten"};
  app.add_option("kind", options.kind)
      ->required()
      ->check(CLI::IsMember({"reservations", "blocks", "counting", "hypervisor", "failover-cluster"}));
  app.add_option("urls", options.urls, "iscsi://HOST:PORT/IQN/LUN: paths to one volume")->required();
  app.add_option("--seed", options.seed);
  app.add_option("--operations", options.operations);
  app.add_option("--initiators", options.initiators)->check(CLI::Range(2, 100));
  app.add_option("--page-blocks", options.page_blocks, "blocks of a page of the volume")
      ->check(CLI::Range(1024, 1 << 24));
  CLI11_PARSE(app, argc, argv);
  return run_and_tell(options);
}
