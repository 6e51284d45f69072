// test_crash: crash states of a page store.
//
//   test_crash --store S --states N --seed M          spread over all short workloads and random ones
//   test_crash ... --workload W [--state CUT.DRAW]    of that workload; only that state
//   test_crash ... --mutation RULE                    leaves a rule out of the store and must find a difference
//
// The first difference ends it, with the command that repeats it.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "test/crash/crash_run.h"
#include "test/crash/stores.h"

namespace {

using namespace shoal::crash;

struct Options {
  std::string store = "journal", mutation, state;
  CrashRun run;
};

void print_difference(const Options& options, const Difference& difference) {
  std::printf("%s: %s\n", difference.workload.c_str(), difference.what.c_str());
  std::string command = "build/test/test_crash --store " + options.store + " --seed " +
                        std::to_string(options.run.seed) + " --workload " + difference.workload;
  if (!difference.state.empty()) command += " --state " + difference.state;
  if (!options.mutation.empty()) command += " --mutation " + options.mutation;
  std::printf("repeat it with: %s\n", command.c_str());
}

int run_crash_states(const Options& options) {
  const CrashReport report = run(make_store(options.store, options.mutation), options.run);
  const bool expected = !options.mutation.empty();
  std::printf("%s%s: %llu workloads, %llu states, %s\n", options.store.c_str(),
              expected ? (" without " + options.mutation).c_str() : "",
              static_cast<unsigned long long>(report.workloads), static_cast<unsigned long long>(report.states),
              report.difference ? "a difference" : "no difference");
  if (report.difference) print_difference(options, *report.difference);
  return report.difference.has_value() == expected ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Crash states of a page store");
  Options options;
  app.add_option("--store", options.store, "which")->check(CLI::IsMember(store_names()));
  app.add_option("--states", options.run.states, "how many crash states to recover");
  app.add_option("--seed", options.run.seed, "of everything that is drawn");
  app.add_option("--workload", options.run.workload, "only this one: words with commas, or random:N");
  app.add_option("--state", options.state, "only this one of the workload");
  app.add_option("--mutation", options.mutation, "leave out a rule");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!options.state.empty()) options.run.state = StateName::parse(options.state);
    return run_crash_states(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "test_crash: %s\n", error.what());
    return 2;
  }
}
