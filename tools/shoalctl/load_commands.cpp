#include "tools/shoalctl/load_commands.h"

#include <fmt/format.h>

#include <memory>

#include "cluster/load/decision_log.h"
#include "tools/shoalctl/load_rules_commands.h"
#include "tools/shoalctl/trace_file.h"
#include "tools/shoalctl/views.h"

namespace shoal {
namespace {

struct LoadOptions {
  std::size_t last = 20;
  std::string session;
  std::string file;
  std::size_t seconds = 60;
  ReplayRules rules;
};
using Shared = std::shared_ptr<LoadOptions>;

void add_record(CLI::App& load, const Options& options, const Shared& given) {
  CLI::App* record = load.add_subcommand("record", "write what the members carry to a file, second by second");
  record->add_option("FILE", given->file, "is made; must not exist")->required();
  record->add_option("--for", given->seconds, "seconds")
      ->check(CLI::Range(std::size_t{1}, kMaxRecordSeconds))
      ->required();
  record->callback([&options, given] {
    const auto sample = [&] { return call(options, "GET", "/load/trace"); };
    show(options, record_trace(given->file, given->seconds, sample), view_recording);
  });
}

void add_replay(CLI::App& load, const Options& options, const Shared& given) {
  CLI::App* replay = load.add_subcommand("replay", "what a policy would have decided; asks no member");
  replay->add_option("FILE", given->file, "that `load record` wrote")->required();
  replay->add_option("--policy", given->rules.policy, "round-robin, least-loaded, affinity or weighted")->required();
  replay->add_option("--balance", given->rules.balance, "act or off")->capture_default_str();
  replay->callback([&options, given] { show(options, replay_trace(given->file, given->rules), view_replay); });
}

}  // namespace

void add_load_commands(CLI::App& app, const Options& options) {
  const auto given = std::make_shared<LoadOptions>();
  CLI::App* load = app.add_subcommand("load", "what each member carries, and whether one carries too much");
  load->require_subcommand(0, 1);
  load->callback([&options, load] {
    if (load->get_subcommands().empty()) show(options, call(options, "GET", "/load"), view_load);
  });
  add_load_rules_commands(*load, options);
  add_record(*load, options, given);
  add_replay(*load, options, given);

  CLI::App* decisions = app.add_subcommand("decisions", "what the group decided about load, and what came of it");
  decisions->add_option("--last", given->last, "how many")
      ->check(CLI::Range(std::size_t{1}, load::kMaxDecisions))
      ->capture_default_str();
  decisions->callback([&options, given] {
    show(options, call(options, "GET", fmt::format("/decisions?last={}", given->last)), view_decisions);
  });
  CLI::App* why = app.add_subcommand("why", "why something is as it is")->require_subcommand(1);
  CLI::App* session = why->add_subcommand("session", "why a session is where it is");
  session->add_option("ID", given->session, "from `shoalctl sessions`")->required();
  session->callback([&options, given] {
    show(options, call(options, "GET", "/sessions/" + segment(given->session) + "/why"), view_why);
  });
}

}  // namespace shoal
