// shoal-fsck: checks the store of a member that does not run.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <optional>

#include "routing/journal_store/check/store_check.h"
#include "target/runtime/asio_runtime.h"
#include "tools/fsck/report_view.h"

namespace {

using namespace shoal;
using namespace shoal::routing::journal;

constexpr int kClean = 0, kFindings = 1, kNotChecked = 2;
constexpr Duration kProgressEvery = 500ms;

struct Options {
  CheckOptions check;
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

Result<CheckReport, std::string> run(const Options& options) {
  AsioRuntime runtime;
  ProgressLine progress(runtime);
  std::optional<Result<CheckReport, std::string>> outcome;
  const auto checking = check_store(
      runtime, options.check, [&](const CheckProgress& now) { progress.update(now); },
      [&](Result<CheckReport, std::string> report) {
        outcome = std::move(report);
        runtime.stop();
      });
  runtime.run();
  progress.clear();
  return std::move(*outcome);
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("STORE", options.check.path, "file or block device of a store that no member has open")->required();
  app.add_flag("--data", options.check.data, "read every block that was written, too; else only metadata are checked");
  app.add_flag("--json", options.as_json, "print what was found as JSON, for programs");
  app.footer("Exit status: 0 clean, 1 something was found, 2 it could not be checked.");
  app.set_version_flag("--version", "shoal-fsck " SHOAL_VERSION);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("shoal-fsck: check the store of a member that does not run");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kClean : kNotChecked;
  }
  const auto report = run(options);
  if (!report) {
    std::cerr << "shoal-fsck: " << report.error() << "\n";
    return kNotChecked;
  }
  std::cout << (options.as_json ? report_json(*report).dump(1) + "\n" : view_report(*report));
  return report->findings.empty() ? kClean : kFindings;
}
