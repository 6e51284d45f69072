// shoal-bench: load on an iSCSI URL through libiscsi, one thread, with a progress line a second. With --verify every block that
// is written carries a stamp, and every block that is read must hold what was last written there. With --rate each session asks
// so often, whatever the answers take. For programs: --every-second prints a line of JSON a second, and with --steered each line
// on standard input sets the rate of one session ("3 200"); the load ends with the input.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/bench/load.h"
#include "tools/node/config.h"

namespace {

using namespace shoal;
using namespace shoal::bench;

volatile std::sig_atomic_t interrupted = 0;

std::uint32_t percentile(std::vector<std::uint32_t>& values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void report(const Options& options, const Load& load) {
  Totals totals = load.totals();
  const double count = static_cast<double>(totals.reads + totals.writes);
  const double iops = count / load.elapsed();
  const double mbs = iops * static_cast<double>(parse_size(options.block).value_or(0)) / 1e6;
  const auto p50 = percentile(totals.latency_us, 0.5), p99 = percentile(totals.latency_us, 0.99),
             top = percentile(totals.latency_us, 1);
  if (options.as_json) {
    std::cout << nlohmann::json{{"seconds", load.elapsed()}, {"reads", totals.reads}, {"writes", totals.writes}, {"iops", iops},
                                {"mb_per_s", mbs}, {"p50_us", p50}, {"p99_us", p99}, {"max_us", top}, {"checked", totals.checked},
                                {"failed", totals.failed}, {"wrong", totals.wrong}, {"first_problem", totals.first_problem}}
              << std::endl;
    return;
  }
  std::cout << fmt::format("{:.0f} IOPS, {:.1f} MB/s, latency p50 {} us, p99 {} us, max {} us\n{} reads, {} writes, {} blocks checked, "
                           "{} failed, {} wrong\n", iops, mbs, p50, p99, top, totals.reads, totals.writes, totals.checked, totals.failed,
                           totals.wrong);
  if (!totals.first_problem.empty()) std::cout << "first problem: " << totals.first_problem << "\n";
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("URL", options.url, "iscsi://HOST:PORT/IQN/LUN")->required();
  app.add_option("--pattern", options.pattern)->check(CLI::IsMember({"read", "write", "randread", "randwrite", "randrw"}))->capture_default_str();
  app.add_option("--block", options.block, "bytes a command")->capture_default_str();
  app.add_option("--depth", options.depth, "commands in flight a session")->check(CLI::Range(std::size_t{1}, kMaxDepth))->capture_default_str();
  app.add_option("--sessions", options.sessions)->check(CLI::Range(std::size_t{1}, kMaxSessions))->capture_default_str();
  app.add_option("--initiator", options.initiator, "initiator names are this, '-' and the session's number");
  app.add_option("--rate", options.rate, "commands a second a session; 0: as fast as they are answered, or with --steered none until a rate comes")->check(CLI::Range(0.0, 1e6))->capture_default_str();
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 86400.0))->capture_default_str();
  app.add_option("--offset", options.offset, "begin there in the volume, as 64MiB")->capture_default_str();
  app.add_option("--span", options.span, "use only so much of the volume, as 64MiB");
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_flag("--verify", options.verify, "stamp what is written and check what is read");
  app.add_flag("--json", options.as_json);
  app.add_flag("--every-second", options.every_second, "a line of JSON a second, with the counters of every session");
  app.add_flag("--steered", options.steered, "rates come by standard input: \"3 200\" is session 3, 200 commands a second");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("shoal-bench: load on an iSCSI volume; patterns that write DESTROY its content");
  Options options;
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Load load(options);
    load.connect();
    load.run(interrupted);
    report(options, load);
    return load.totals().failed == 0 && load.totals().wrong == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "shoal-bench: " << error.what() << "\n";
    return 2;
  }
}
