#include "test/scale/recorded.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "cluster/load/trace.h"
#include "test/scale/judge.h"

namespace shoal::scale {
namespace {

struct Asked {
  double from = 0;  // seconds
  double units = 0;
};

struct Recording {
  std::vector<MemberId> members;
  std::map<NexusId, int> sessions;        // by index, in order of appearance
  std::vector<std::vector<Asked>> asked;  // of each session
  std::vector<MemberId> first_at;
  double lasts = 0;

  void add(const load::TraceStep& step, double seconds) {
    for (const auto& [id, member] : step.group.members) {
      if (std::find(members.begin(), members.end(), id) == members.end()) members.push_back(id);
    }
    for (const load::OwnSession& session : step.sessions) {
      const auto [found, first] = sessions.try_emplace(session.nexus, static_cast<int>(asked.size()));
      if (first) {
        asked.emplace_back();
        first_at.push_back(session.load.session.member);
      }
      asked[static_cast<std::size_t>(found->second)].push_back({seconds, session.load.rate.units()});
    }
    lasts = seconds;
  }

  double demand(int session, double seconds) const {
    const auto& its = asked[static_cast<std::size_t>(session)];
    const auto after =
        std::upper_bound(its.begin(), its.end(), seconds, [](double at, const Asked& next) { return at < next.from; });
    return after == its.begin() ? its.front().units : std::prev(after)->units;
  }
};

Recording read(const std::string& path) {
  std::ifstream file(path);
  Recording recording;
  std::optional<Time> begin;
  const auto read = load::read_trace(file, [&](const load::TraceStep& step) {
    if (!begin) begin = step.group.at;
    recording.add(step, std::chrono::duration<double>(step.group.at - *begin).count());
  });
  if (!read) throw std::runtime_error(fmt::format("{}, {}", path, read.error()));
  if (recording.asked.empty()) throw std::runtime_error(path + " cannot be read, or no session is in it");
  return recording;
}

}  // namespace

Outcome run_recorded(const std::string& path, std::uint64_t seed) {
  const Recording recording = read(path);
  const Settings settings{.seed = seed,
                          .members = static_cast<int>(recording.members.size()),
                          .sessions = static_cast<int>(recording.asked.size())};
  auto group = std::make_unique<ScaleGroup>(
      settings, [recording](int session, double seconds, Random&) { return recording.demand(session, seconds); });
  for (int i = 0; i < settings.sessions; ++i) {
    const auto at = std::find(recording.members.begin(), recording.members.end(), recording.first_at[i]);
    group->put(i, static_cast<int>(at - recording.members.begin()) % settings.members);
  }
  group->run(recording.lasts);
  Outcome outcome{std::move(group), {}};
  const ScaleGroup& it = *outcome.group;
  outcome.claims = {
      {"moves of one session in a minute", double(most_moves_of_a_session_in_a_minute(it.moves())), 0, 2},
      {"unevenness at the start", unevenness(it.samples().front()), 0, 1e9},
      {"unevenness at the end", unevenness(it.samples().back()), 0, std::max(0.25, unevenness(it.samples().front()))},
  };
  return outcome;
}

}  // namespace shoal::scale
