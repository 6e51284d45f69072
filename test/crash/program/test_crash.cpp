// test_crash: what a page store makes of crashes, faults and corruption of its device.
//
//   test_crash --states N                          crash states, spread over all short workloads and random ones
//   test_crash --workload W [--state CUT.DRAW]     crash states of that workload; only that state
//   test_crash --faults N                          a fault at each input and output in turn, of N brief or deep ones
//   test_crash --workload W --fault NUMBER.KIND    only that fault of that workload
//   test_crash --corruptions N [--first F]         flips, lost and misdirected writes
//   --store S, --seed M                            with any of them
//   --mutation RULE                                leaves a rule out of the store and must find a difference
//
// The first difference ends it, with the command that repeats it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "test/crash/corruption_run.h"
#include "test/crash/crash_run.h"
#include "test/crash/fault_run.h"
#include "test/crash/stores.h"

namespace {

using namespace shoal::crash;

constexpr std::uint64_t kDeepShare = 10;  // one of so many workloads with faults has much under way

struct Options {
  std::string store = "journal", mutation, state, fault;
  std::uint64_t faults = 0, corruptions = 0, first = 0;
  CrashRun run;
};

struct Outcome {
  std::string summary;
  std::optional<Difference> difference;
  std::string repeat;  // what the command that repeats it says besides
};

Outcome crash_states(const StoreDriver& driver, const Options& options) {
  const CrashReport report = run(driver, options.run);
  Outcome outcome{fmt::format("{} workloads, {} states", report.workloads, report.states), report.difference, ""};
  if (report.difference) {
    outcome.repeat = "--workload " + report.difference->workload;
    if (!report.difference->state.empty()) outcome.repeat += " --state " + report.difference->state;
  }
  return outcome;
}

Outcome faults(const StoreDriver& driver, const Options& options) {
  FaultReport all;
  if (!options.fault.empty()) {
    const StateName name = StateName::parse(options.fault);
    all = run_with_fault(driver, options.run.seed, parse_workload(options.run.workload),
                         {name.cut, static_cast<FaultKind>(name.draw)});
  }
  for (std::uint64_t i = 0; i < options.faults && !all.difference; ++i) {
    const std::uint64_t seed = options.run.seed * 1000 + i;
    const bool deep = i % kDeepShare == kDeepShare - 1;
    const FaultReport report =
        run_with_faults(driver, options.run.seed, deep ? deep_workload(seed) : brief_workload(seed));
    all.faults += report.faults;
    all.difference = report.difference;
  }
  Outcome outcome{fmt::format("{} faults", all.faults), all.difference, ""};
  if (all.difference) {
    outcome.repeat = fmt::format("--workload {} --fault {}", all.difference->workload, all.difference->state);
  }
  return outcome;
}

Outcome corruptions(const StoreDriver& driver, const Options& options) {
  const CorruptionReport report = run_corruptions(driver, options.run.seed, options.first, options.corruptions);
  constexpr const char* kRow = "{:<12} {:<18} {:>7} {:>8} {:>9} {:>9} {:>9}\n";
  fmt::print(kRow, "region", "what", "count", "refused", "detected", "repaired", "harmless");
  for (const auto& [where, each] : report.counts) {
    fmt::print(kRow, where.first, where.second, each.corruptions, each.refused, each.detected, each.repaired,
               each.harmless);
  }
  const CorruptionCounts total = report.total();
  Outcome outcome{fmt::format("{} corruptions ({} refused, {} detected by reads, {} repaired, {} harmless)",
                              total.corruptions, total.refused, total.detected, total.repaired, total.harmless),
                  report.difference, ""};
  if (report.difference) outcome.repeat = "--corruptions 1 --first " + report.difference->state;
  return outcome;
}

int tell(const Options& options, const Outcome& outcome) {
  const bool expected = !options.mutation.empty();
  const std::string without = expected ? " without " + options.mutation : "";
  fmt::print("{}{}: {}, {}\n", options.store, without, outcome.summary,
             outcome.difference ? "a difference" : "no difference");
  if (outcome.difference) {
    fmt::print("{}: {}\n", outcome.difference->workload, outcome.difference->what);
    fmt::print("repeat it with: build/test/test_crash --store {} --seed {} {}{}\n", options.store, options.run.seed,
               outcome.repeat, expected ? " --mutation " + options.mutation : "");
  }
  return outcome.difference.has_value() == expected ? 0 : 1;
}

int run_as_asked(const Options& options) {
  const StoreDriver driver = make_store(options.store, options.mutation);
  if (options.corruptions > 0) return tell(options, corruptions(driver, options));
  if (options.faults > 0 || !options.fault.empty()) return tell(options, faults(driver, options));
  return tell(options, crash_states(driver, options));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Crashes, faults and corruption under a page store");
  Options options;
  app.add_option("--store", options.store, "which")->check(CLI::IsMember(store_names()));
  app.add_option("--states", options.run.states, "how many crash states to recover");
  app.add_option("--faults", options.faults, "of how many brief or deep workloads");
  app.add_option("--corruptions", options.corruptions, "how many");
  app.add_option("--first", options.first, "number of the first corruption");
  app.add_option("--seed", options.run.seed, "of everything that is drawn");
  app.add_option("--workload", options.run.workload,
                 "only this one: words with commas, or random:N, sparse:N, brief:N, deep:N or growing:N");
  app.add_option("--state", options.state, "only this crash state of the workload");
  app.add_option("--fault", options.fault, "only this fault of the workload");
  app.add_option("--mutation", options.mutation, "leave out a rule");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!options.state.empty()) options.run.state = StateName::parse(options.state);
    return run_as_asked(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "test_crash: %s\n", error.what());
    return 2;
  }
}
