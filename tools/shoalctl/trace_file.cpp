#include "tools/shoalctl/trace_file.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <thread>

#include "cluster/load/trace.h"

namespace shoal {

using nlohmann::json;

namespace {

json counted(const load::DecisionLog& log) {
  std::map<std::string, std::size_t> reasons;
  for (const load::DecisionRecord& record : log.all()) {
    ++reasons[fmt::format("{}: {}", to_string(record.kind), record.reason)];
  }
  return reasons;
}

}  // namespace

json record_trace(const std::string& path, std::size_t seconds, const std::function<json()>& sample) {
  if (std::filesystem::exists(path)) throw std::runtime_error(path + " exists; name a file that does not");
  std::ofstream file(path);
  std::size_t lines = 0, bytes = 0;
  for (auto due = std::chrono::steady_clock::now(); lines < seconds; ++lines) {
    std::this_thread::sleep_until(due);
    due += std::chrono::seconds(1);
    const std::string line = sample().dump() + "\n";
    if (const auto step = load::decode_trace_step(line); !step) throw std::runtime_error(step.error());
    if (bytes + line.size() > kMaxRecordBytes) break;
    bytes += line.size();
    if (!(file << line << std::flush)) throw std::runtime_error("cannot write " + path);
  }
  return {{"file", path}, {"seconds", lines}, {"asked_seconds", seconds}, {"bytes", bytes}};
}

json replay_trace(const std::string& path, const ReplayRules& rules) {
  const auto policy = load::parse_placement_policy(rules.policy);
  if (!policy) throw std::runtime_error("--policy: expected round-robin, least-loaded, affinity or weighted");
  if (rules.balance != "act" && rules.balance != "off") throw std::runtime_error("--balance: expected act or off");
  const auto mode = rules.balance == "off" ? load::BalancerMode::off : load::BalancerMode::act;
  load::TraceReplay replay({.mode = mode, .affinity = *policy == load::PlacementPolicy::affinity}, policy);
  std::ifstream file(path);
  const auto read = load::read_trace(file, [&](const load::TraceStep& step) { replay.step(step); });
  if (!read) throw std::runtime_error(path + ", " + read.error());
  const load::ReplayFigures& figures = replay.figures();
  if (figures.steps == 0) throw std::runtime_error(path + " cannot be read, or is empty");
  return {{"seconds", figures.steps},
          {"policy", rules.policy},
          {"balance", rules.balance},
          {"logins", figures.logins},
          {"placed_elsewhere", figures.placed_elsewhere},
          {"moves", figures.moves},
          {"uneven_at_first", figures.uneven_at_first},
          {"uneven_at_last", figures.uneven_at_last},
          {"uneven_replayed", figures.uneven_replayed},
          {"decisions", counted(replay.decisions())}};
}

}  // namespace shoal
