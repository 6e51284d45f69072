// test_scale: policies of load at scale.
//
//   test_scale                                  every scenario; fails when one of their claims does not hold
//   test_scale --scenario NAME [--seed N]       one of them
//   test_scale --plot DIR                       as well, writes NAME.csv for test/scale/plot.py
//   test_scale --trace FILE                     the hosts of a recorded trace instead
//   test_scale --write-trace FILE               writes an example of one
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <string>

#include "test/scale/recorded.h"
#include "test/scale/scenario.h"

namespace {

using namespace shoal::scale;

void write_csv(const std::string& path, const ScaleGroup& group) {
  std::ofstream file(path);
  file << "seconds,moves,carried,forwarded";
  for (int i = 1; i <= group.settings().members; ++i) file << ",member" << i;
  file << '\n';
  std::size_t moves = 0;
  for (const Sample& sample : group.samples()) {
    while (moves < group.moves().size() && group.moves()[moves].at <= sample.at) ++moves;
    file << fmt::format("{},{},{:.1f},{:.4f}", sample.at, moves, sample.carried, sample.forwarded);
    for (double load : sample.loads) file << fmt::format(",{:.1f}", load);
    file << '\n';
  }
  if (!file) throw std::runtime_error("cannot write " + path);
}

bool run(const Scenario& scenario, std::uint64_t seed, const std::string& plot_folder) {
  const Outcome outcome = scenario.run(seed);
  bool holds = true;
  fmt::print("{}: {}\n", scenario.name, scenario.about);
  for (const Claim& claim : outcome.claims) {
    holds &= claim.holds();
    const std::string high = claim.high >= 1e9 ? "" : fmt::format("{:g}", claim.high);
    fmt::print("  {:4} {:8.3g}  {} ({:g} to {})\n", claim.holds() ? "ok" : "FAIL", claim.figure, claim.what, claim.low,
               high);
  }
  const ScaleGroup& group = *outcome.group;
  fmt::print("       {} moves, {} refused; exchange {:.1f} KiB/s a member\n", group.moves().size(), group.refusals(),
             group.exchange_bytes_per_second() / 1024 / group.settings().members);
  if (!plot_folder.empty()) write_csv(plot_folder + "/" + scenario.name + ".csv", *outcome.group);
  return holds;
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Policies of load at scale"};
  std::string only, plot_folder, trace, trace_to_write;
  std::uint64_t seed = 1;
  app.add_option("--scenario", only, "run just this one");
  app.add_option("--seed", seed, "of the run");
  app.add_option("--plot", plot_folder, "existing folder to write a CSV file a scenario to");
  app.add_option("--trace", trace, "recorded trace, JSON lines");
  app.add_option("--write-trace", trace_to_write, "writes an example trace");
  CLI11_PARSE(app, argc, argv);
  if (!trace_to_write.empty()) return write_example_trace(trace_to_write), 0;
  if (!trace.empty()) {
    return run({"recorded", trace, [&](auto s) { return run_recorded(trace, s); }}, seed, plot_folder) ? 0 : 1;
  }
  bool found = false, holds = true;
  for (const Scenario& scenario : scenarios()) {
    if (!only.empty() && scenario.name != only) continue;
    found = true;
    holds &= run(scenario, seed, plot_folder);
  }
  if (!found) fmt::print(stderr, "no scenario is called {}\n", only);
  return found && holds ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "test_scale: {}\n", error.what());
  return 2;
}
