// shoal-fsck: checks, and repairs, the store of a member that does not run.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>

#include "routing/journal_store/check/store_check.h"
#include "routing/journal_store/check/store_repair.h"
#include "target/runtime/asio_runtime.h"
#include "tools/fsck/report_view.h"

namespace {

using namespace shoal;
using namespace shoal::routing::journal;
using nlohmann::json;

constexpr int kClean = 0, kFindings = 1, kNotChecked = 2;
constexpr Duration kProgressEvery = 500ms;

struct Options {
  CheckOptions check;
  bool repair = false;
  bool lose_acknowledged = false;
  bool as_json = false;
};

// A line on a terminal that is written over again and again.
class ProgressLine {
 public:
  explicit ProgressLine(Runtime& runtime) : runtime_(runtime), shown_(isatty(STDERR_FILENO)) {}

  void update(const CheckProgress& progress) {
    if (progress.most_blocks > 0 && !data_since_) data_since_ = runtime_.now();
    if (!shown_ || runtime_.now() < next_) return;
    next_ = runtime_.now() + kProgressEvery;
    const auto seconds = std::chrono::duration<double>(data_since_ ? runtime_.now() - *data_since_ : Duration{});
    std::cerr << "\r\033[K" << view_progress(progress, seconds.count()) << std::flush;
  }
  void clear() const {
    if (shown_) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  Runtime& runtime_;
  bool shown_;
  Time next_{};
  std::optional<Time> data_since_;
};

// Runs what `begin` begins until it has told its outcome.
template <class Outcome, class Begin>
Result<Outcome, std::string> run(Begin begin) {
  AsioRuntime runtime;
  ProgressLine progress(runtime);
  std::optional<Result<Outcome, std::string>> outcome;
  const auto work = begin(
      runtime, [&](const CheckProgress& now) { progress.update(now); },
      [&](Result<Outcome, std::string> told) {
        outcome = std::move(told);
        runtime.stop();
      });
  runtime.run();
  progress.clear();
  return std::move(*outcome);
}

Result<CheckReport, std::string> check(const CheckOptions& options) {
  return run<CheckReport>([&](Runtime& runtime, auto on_progress, auto done) {
    return check_store(runtime, options, std::move(on_progress), std::move(done));
  });
}

Result<RepairReport, std::string> repair(const Options& options) {
  return run<RepairReport>([&](Runtime& runtime, auto on_progress, auto done) {
    const RepairOptions how{.path = options.check.path, .lose_acknowledged = options.lose_acknowledged};
    return repair_store(runtime, how, std::move(on_progress), std::move(done));
  });
}

int fail(const std::string& error) {
  std::cerr << "shoal-fsck: " << error << "\n";
  return kNotChecked;
}

int check_only(const Options& options) {
  const auto report = check(options.check);
  if (!report) return fail(report.error());
  std::cout << (options.as_json ? report_json(*report).dump(1) + "\n"
                                : view_report(*report) + view_cures(report->findings));
  return report->findings.empty() ? kClean : kFindings;
}

// What is found is told before anything is written. The last word has a check of what was written; data were read
// before, and no repair makes them right.
int check_and_repair(const Options& options) {
  const auto before = check(options.check);
  if (!before) return fail(before.error());
  if (!options.as_json) std::cout << view_report(*before) << std::flush;
  if (before->findings.empty() && options.as_json) std::cout << report_json(*before).dump(1) << "\n";
  if (before->findings.empty()) return kClean;
  const auto repaired = repair(options);
  if (!repaired) return fail(repaired.error());
  const auto after = check({.path = options.check.path});
  if (!after) return fail(after.error());
  const std::string words = view_repair(*repaired);
  if (options.as_json) {
    std::cout << json{{"before", report_json(*before)},
                      {"repair", words},
                      {"written", repaired->written},
                      {"after", report_json(*after)}}
                     .dump(1)
              << "\n";
  } else {
    std::cout << words << view_report(*after);
  }
  const bool data_damaged =
      std::ranges::any_of(before->findings, [](const Finding& finding) { return finding.kind == Finding::Kind::data; });
  return after->findings.empty() && !data_damaged ? kClean : kFindings;
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("STORE", options.check.path, "file or block device of a store that no member has open")->required();
  app.add_flag("--data", options.check.data, "read every block that was written, too; else only metadata are checked");
  auto* repair = app.add_flag("--repair", options.repair,
                              "then write what can be made right; ranges whose metadata are lost become medium errors");
  app.add_flag("--lose-acknowledged", options.lose_acknowledged,
               "end a damaged journal where the damage is: writes that were acknowledged are lost")
      ->needs(repair);
  app.add_flag("--json", options.as_json, "print what was found as JSON, for programs");
  app.footer(
      "Exit status: 0 clean, or with --repair clean by now; 1 something was found, or is left, also where no repair "
      "was possible; 2 it could not be checked, or a repair was begun and failed.");
  app.set_version_flag("--version", "shoal-fsck " SHOAL_VERSION);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("shoal-fsck: check, and repair, the store of a member that does not run");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kClean : kNotChecked;
  }
  return options.repair ? check_and_repair(options) : check_only(options);
}
