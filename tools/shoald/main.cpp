// shoald: one member of a group, or a disposable target for test rigs.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "routing/placement_words.h"
#include "target/base/log_writer.h"
#include "tools/node/ephemeral.h"
#include "tools/shoald/daemon.h"
#include "tools/shoald/temporary_folder.h"

namespace {

using namespace shoal;
using Outcome = Result<void, std::string>;

struct Options {
  std::string config;
  bool ephemeral = false, allow_faults = false, accept_older_store = false;
  std::vector<std::string> volumes;
  std::string listen = "127.0.0.1:0";
  std::string durability = "memory", log_level = "warn";
  std::string chap_user, chap_secret_file, mutual_user, mutual_secret_file;
};

struct Ephemeral {
  std::vector<EphemeralVolume> volumes;
  Endpoint listen;
  routing::DurabilityPolicy durability = routing::DurabilityPolicy::memory;
  LogLevel log_level = LogLevel::warn;
  std::optional<cluster::ChapSettings> chap;
};

std::string absolute(const std::string& path) { return path.empty() ? path : std::filesystem::absolute(path).string(); }

std::optional<cluster::ChapSettings> chap_of(const Options& options) {
  const cluster::ChapUser initiator{options.chap_user, absolute(options.chap_secret_file)};
  const cluster::ChapUser target{options.mutual_user, absolute(options.mutual_secret_file)};
  const cluster::ChapUser nobody;
  if (initiator == nobody && target == nobody) return std::nullopt;
  cluster::ChapSettings settings{initiator, target == nobody ? std::nullopt : std::optional(target)};
  if (const auto wrong = cluster::check_chap(settings)) throw std::runtime_error("--chap-...: " + *wrong);
  return settings;
}

Ephemeral checked(const Options& options) {
  static const std::map<std::string, LogLevel> kLevels = {
      {"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warn", LogLevel::warn}};
  Ephemeral ephemeral;
  ephemeral.durability = routing::parse_durability(options.durability).value();
  ephemeral.log_level = kLevels.at(options.log_level);
  ephemeral.chap = chap_of(options);
  for (const std::string& text : options.volumes) {
    auto volume = parse_ephemeral_volume(text);
    if (!volume) throw std::runtime_error(volume.error());
    ephemeral.volumes.push_back(std::move(*volume));
  }
  if (ephemeral.volumes.empty() || ephemeral.volumes.size() > kMaxEphemeralVolumes) {
    throw std::runtime_error(fmt::format("--ephemeral needs 1 to {} times --volume NAME:SIZE", kMaxEphemeralVolumes));
  }
  const auto listen = Endpoint::parse(options.listen);
  if (!listen) throw std::runtime_error("--listen " + options.listen + " is not ADDRESS:PORT with a numeric address");
  ephemeral.listen = *listen;
  return ephemeral;
}

// Makes the volumes one after the other, then says on standard output that all is ready.
class EphemeralStart : public std::enable_shared_from_this<EphemeralStart> {
 public:
  EphemeralStart(Ephemeral ephemeral, NodeConfig config, Node& node, Completion<Outcome> done)
      : ephemeral_(std::move(ephemeral)), config_(std::move(config)), node_(node), done_(std::move(done)) {}

  void next() {
    if (made_ == ephemeral_.volumes.size()) return ready();
    const EphemeralVolume& volume = ephemeral_.volumes[made_++];
    node_.handle({"POST", "/volumes", volume_request(volume, ephemeral_.durability, ephemeral_.chap)},
                 [self = shared_from_this()](const ControlResponse& answer) { self->on_made(answer); });
  }

 private:
  void on_made(const ControlResponse& answer) {
    const auto body = nlohmann::json::parse(answer.body);
    if (answer.status != 200) return done_(body.value("error", answer.body));
    const auto& chap = body.at("chap");
    const std::string problem = chap.is_object() ? chap.value("problem", "") : "";
    problem.empty() ? next() : done_(problem);
  }

  void ready() {
    std::cout << ready_line(config_, node_.group_portals().front(), ephemeral_.volumes, ::getpid()) << std::endl;
    if (!std::cout) return done_(std::string("nobody reads the line on standard output that says where hosts connect"));
    done_(Outcome{});
  }

  Ephemeral ephemeral_;
  NodeConfig config_;
  Node& node_;
  Completion<Outcome> done_;
  std::size_t made_ = 0;
};

Outcome run_ephemeral(const Ephemeral& ephemeral) {
  std::optional<TemporaryFolder> folder;
  if (ephemeral.durability != routing::DurabilityPolicy::memory) folder.emplace();
  NodeConfig config = ephemeral_config(ephemeral.listen, folder ? folder->path() + "/store" : "");
  config.log_level = ephemeral.log_level;
  return run_daemon(config, [&](Node& node, Completion<Outcome> done) {
    std::make_shared<EphemeralStart>(ephemeral, config, node, std::move(done))->next();
  });
}

Outcome run_member(const Options& options) {
  auto config = load_config(options.config);
  if (!config) return config.error();
  config->allow_faults = options.allow_faults;
  config->accept_older_store = options.accept_older_store;
  return run_daemon(*config, [](Node&, Completion<Outcome> done) { done(Outcome{}); });
}

void add_chap_options(CLI::App& app, Options& options, CLI::Option& ephemeral) {
  const auto add = [&](const char* name, std::string& value, const char* what) {
    app.add_option(name, value, what)->needs(&ephemeral);
  };
  add("--chap-user", options.chap_user, "ephemeral: hosts must prove to be this user with CHAP");
  add("--chap-secret-file", options.chap_secret_file, "ephemeral: file with its secret");
  add("--chap-mutual-user", options.mutual_user, "ephemeral: the target's own user, for mutual CHAP");
  add("--chap-mutual-secret-file", options.mutual_secret_file, "ephemeral: file with another secret");
}

void add_options(CLI::App& app, Options& options) {
  auto* config = app.add_option("--config", options.config, "run a member of a group as this file says");
  auto* ephemeral = app.add_flag("--ephemeral", options.ephemeral,
                                 "run a disposable target: one line of JSON on standard output when it is ready, "
                                 "nothing left behind");
  config->excludes(ephemeral);
  app.add_flag("--allow-faults", options.allow_faults,
               "for tests: the control port can make this member fail on purpose (/faults)")
      ->needs(config);
  app.add_flag("--accept-older-store", options.accept_older_store,
               "serve an older copy of the store, if it is all that is left: what was acknowledged since is lost")
      ->needs(config);
  app.add_option("--volume", options.volumes, "ephemeral: a volume, as scratch:1GiB; may be repeated")
      ->needs(ephemeral);
  app.add_option("--durability", options.durability, "ephemeral: memory, or sync or writeback in a temporary folder")
      ->needs(ephemeral)
      ->check(CLI::IsMember({"memory", "sync", "writeback"}))
      ->capture_default_str();
  app.add_option("--listen", options.listen, "ephemeral: portal; port 0 takes a free one")
      ->needs(ephemeral)
      ->capture_default_str();
  add_chap_options(app, options, *ephemeral);
  app.add_option("--log-level", options.log_level, "ephemeral: debug, info or warn")
      ->needs(ephemeral)
      ->check(CLI::IsMember({"debug", "info", "warn"}))
      ->capture_default_str();
  app.set_version_flag("--version", "shoald " SHOAL_VERSION);
}

// The last words, which a standard error that nobody reads does not hold up.
void say(const std::string& error) {
  LogWriter(STDERR_FILENO, [](auto) { return ""; }).push("shoald: " + error + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader of ours that goes is no reason to leave hosts alone
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow (ulimit -f) is like one that has no room
  CLI::App app("shoald: an iSCSI target, one member of a Shoal group");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
    if (options.config.empty() && !options.ephemeral) {
      throw std::runtime_error("say what to run: --config FILE or --ephemeral --volume NAME:SIZE; --help tells more");
    }
    const Outcome outcome = options.ephemeral ? run_ephemeral(checked(options)) : run_member(options);
    if (outcome) return 0;
    say(outcome.error());
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    say(error.what());
  }
  return 1;
}
