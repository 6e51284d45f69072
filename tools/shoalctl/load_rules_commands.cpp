#include "tools/shoalctl/load_rules_commands.h"

#include <cmath>
#include <memory>
#include <stdexcept>

#include "tools/shoalctl/views.h"

namespace shoal {
namespace {

using nlohmann::json;

struct RuleOptions {
  std::string word, initiator, volume;
  std::uint32_t member = 0;
  double weight = 1;
};
using Shared = std::shared_ptr<RuleOptions>;

void order(const Options& options, const std::string& word, const json& body) {
  show(options, call(options, "POST", "/load/" + word, body), view_load_rules);
}

json pin_json(const RuleOptions& given) {
  json body = {{"initiator", given.initiator}};
  if (!given.volume.empty()) body["volume"] = given.volume;
  return body;
}

void add_policy(CLI::App& load, const Options& options, const Shared& given) {
  CLI::App* policy = load.add_subcommand("policy", "by what logins are placed, in the whole group");
  policy->add_option("NAME", given->word, "least-loaded, round-robin, weighted or affinity")->required();
  policy->callback([&options, given] { order(options, "policy", {{"policy", given->word}}); });
}

void add_balance(CLI::App& load, const Options& options, const Shared& given) {
  CLI::App* balance = load.add_subcommand("balance", "whether members move sessions by themselves");
  balance->add_option("MODE", given->word, "off, observe (decide and tell, move nothing) or act")->required();
  balance->callback([&options, given] { order(options, "balance", {{"mode", given->word}}); });
}

void add_weight(CLI::App& load, const Options& options, const Shared& given) {
  CLI::App* weight = load.add_subcommand("weight", "what share a member is to carry");
  weight->add_option("MEMBER", given->member)->required();
  weight->add_option("WEIGHT", given->weight, "2: twice what one with 1 carries")->required();
  weight->callback([&options, given] {
    if (!std::isfinite(given->weight))
      throw std::runtime_error("load weight: a weight is a finite number, as 2 or 0.5");
    order(options, "weight", {{"member", given->member}, {"weight", given->weight}});
  });
}

CLI::App* add_pin_command(CLI::App& load, const Shared& given, const std::string& word, const std::string& what) {
  CLI::App* command = load.add_subcommand(word, what);
  command->add_option("INITIATOR", given->initiator, "its name; '*' stands for any characters, '?' for one")
      ->required();
  command->add_option("--volume", given->volume, "only to that volume");
  return command;
}

void add_pins(CLI::App& load, const Options& options, const Shared& given) {
  CLI::App* pin = add_pin_command(load, given, "pin", "place an initiator's logins at one member while it is ready");
  pin->add_option("MEMBER", given->member)->required();
  pin->callback([&options, given] {
    json body = pin_json(*given);
    body["member"] = given->member;
    order(options, "pin", body);
  });
  CLI::App* unpin = add_pin_command(load, given, "unpin", "take a pin back, as it was given");
  unpin->callback([&options, given] { order(options, "unpin", pin_json(*given)); });
}

}  // namespace

void add_load_rules_commands(CLI::App& load, const Options& options) {
  const auto given = std::make_shared<RuleOptions>();
  load.add_subcommand("rules", "what was said about load: policy, balance, weights, pins")->callback([&options] {
    show(options, call(options, "GET", "/load/rules"), view_load_rules);
  });
  add_policy(load, options, given);
  add_balance(load, options, given);
  add_weight(load, options, given);
  add_pins(load, options, given);
}

}  // namespace shoal
