// test_sim: runs the simulated group.
//
//   test_sim --seed N            one run; with --trace every line of it, with --hash nothing but the hash of its trace
//   test_sim --seeds A-B         many; stops at the first violation and says how to repeat it
//   test_sim --seeds A-B --mutation NAME   leaves a rule out of the members and must find a violation
//   --schedule siege|reservations   ghost writes by recipe, or reservations while members fail, instead of random
//                                   load and faults
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include "test/sim/group/run.h"

namespace {

using shoal::sim::Mutation;
using shoal::sim::RunOptions;
using shoal::sim::RunReport;
using shoal::sim::Schedule;

const std::map<std::string, Schedule> kSchedules = {
    {"faults", Schedule::faults}, {"siege", Schedule::siege}, {"reservations", Schedule::reservations}};

// What the command line has to say beside the seed.
std::string text_of(const RunOptions& options) {
  std::string text;
  if (options.shape.durability != RunOptions().shape.durability) text += " --durability " + options.shape.durability;
  for (const auto& [name, schedule] : kSchedules) {
    if (schedule == options.schedule && schedule != RunOptions().schedule) text += " --schedule " + name;
  }
  return text;
}

void print_violations(const RunReport& report, const RunOptions& options) {
  std::printf("%s", report.trace_tail.c_str());
  std::printf("seed %llu: %zu violations after %.1f virtual seconds\n", static_cast<unsigned long long>(report.seed),
              report.violations.size(), std::chrono::duration<double>(report.virtual_time).count());
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < report.violations.size() && i < kShown; ++i) {
    std::printf("  %s\n", report.violations[i].c_str());
  }
  std::printf("repeat it with: build/test/test_sim --seed %llu%s\n", static_cast<unsigned long long>(report.seed),
              text_of(options).c_str());
}

void print_summary(const RunReport& report) {
  std::printf(
      "seed %llu ok: %llu operations (%llu failed), %llu faults, %llu logins, %llu redirects, %llu flushes, %llu "
      "increments (%llu half written), recovered in %.1f s, trace %016llx\n",
      static_cast<unsigned long long>(report.seed), static_cast<unsigned long long>(report.operations),
      static_cast<unsigned long long>(report.failed_operations), static_cast<unsigned long long>(report.faults),
      static_cast<unsigned long long>(report.logins), static_cast<unsigned long long>(report.redirects),
      static_cast<unsigned long long>(report.flushes), static_cast<unsigned long long>(report.increments),
      static_cast<unsigned long long>(report.half_written), std::chrono::duration<double>(report.recovered_in).count(),
      static_cast<unsigned long long>(report.hash));
}

// A rule is missing: that nothing goes wrong is the failure.
int run_mutated(unsigned long long first, unsigned long long last, const RunOptions& options) {
  for (auto seed = first; seed <= last; ++seed) {
    const RunReport report = shoal::sim::run_seed(seed, options);
    if (report.violations.empty()) continue;
    std::printf("found at seed %llu, the %llu. run: %s\n", seed, seed - first + 1, report.violations.front().c_str());
    return 0;
  }
  std::printf("seeds %llu-%llu: nothing found, though a rule is missing\n", first, last);
  return 1;
}

int run_many(unsigned long long first, unsigned long long last, const RunOptions& options) {
  unsigned long long operations = 0, faults = 0, increments = 0, half_written = 0;
  for (auto seed = first; seed <= last; ++seed) {
    const RunReport report = shoal::sim::run_seed(seed, options);
    operations += report.operations;
    faults += report.faults;
    increments += report.increments;
    half_written += report.half_written;
    if (report.violations.empty()) continue;
    print_violations(report, options);
    return 1;
  }
  std::printf("seeds %llu-%llu ok: %llu operations, %llu increments (%llu half written), %llu faults\n", first, last,
              operations, increments, half_written, faults);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A Shoal group in one thread and virtual time");
  unsigned long long seed = 1;
  std::string seeds, durability = "writeback";
  std::map<std::string, Mutation> mutations;
  for (const auto& [name, mutation] : shoal::sim::mutations()) mutations[std::string(name)] = mutation;
  bool hash = false, trace = false;
  RunOptions options;
  app.add_option("--seed", seed, "run this one");
  app.add_option("--seeds", seeds, "run A-B");
  app.add_option("--schedule", options.schedule, "what goes wrong")->transform(CLI::CheckedTransformer(kSchedules));
  app.add_option("--durability", durability, "of the volume")->check(CLI::IsMember({"writeback", "sync", "memory"}));
  app.add_flag("--hash", hash, "print the hash of the trace only");
  app.add_flag("--trace", trace, "print the trace while it grows");
  app.add_option("--mutation", options.shape.mutation, "leave out a rule")
      ->transform(CLI::CheckedTransformer(mutations));
  CLI11_PARSE(app, argc, argv);

  options.shape.durability = durability;
  if (trace) options.watch = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  if (!seeds.empty()) {
    const auto dash = seeds.find('-');
    const auto first = std::stoull(seeds);
    const auto last = dash == std::string::npos ? first : std::stoull(seeds.substr(dash + 1));
    return options.shape.mutation == Mutation::none ? run_many(first, last, options)
                                                    : run_mutated(first, last, options);
  }
  const RunReport report = shoal::sim::run_seed(seed, options);
  if (hash) {
    std::printf("%016llx\n", static_cast<unsigned long long>(report.hash));
  } else {
    report.violations.empty() ? print_summary(report) : print_violations(report, options);
  }
  return report.violations.empty() ? 0 : 1;
}
