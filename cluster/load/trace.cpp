#include "cluster/load/trace.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cluster/load/group_json.h"

namespace shoal::load {

using nlohmann::json;

std::string encode(const TraceStep& step) {
  json sessions = json::array();
  for (const OwnSession& session : step.sessions) sessions.push_back(own_session_json(session));
  const json line{{"group", group_json(step.group)}, {"sessions", std::move(sessions)}};
  return line.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<TraceStep, std::string> decode_trace_step(std::string_view line) try {
  if (line.size() > kMaxTraceLine) return std::string("a line of the trace is too long");
  const json object = json::parse(line);
  TraceStep step{group_of(object.at("group")), {}};
  const json& sessions = object.at("sessions");
  if (!sessions.is_array() || sessions.size() > kMaxTraceSessions) return std::string("too many sessions in a line");
  for (const json& session : sessions) step.sessions.push_back(own_session_of(session));
  return step;
} catch (const json::exception& error) {
  return std::string("not a line of a load trace: ") + error.what();
}

TraceReplay::TraceReplay(BalancerRules rules) : rules_(rules) { rules_.mode = BalancerMode::observe; }

void TraceReplay::step(const TraceStep& step) {
  const Time now = step.group.at;
  const auto picture = std::make_shared<const GroupLoad>(step.group);
  std::map<MemberId, std::vector<OwnSession>> sessions;
  for (const OwnSession& session : step.sessions) sessions[session.load.session.member].push_back(session);
  for (const auto& [id, its] : sessions) {
    Member& member = members_.try_emplace(id, Member{SessionBalancer(id, rules_), {}}).first->second;
    const Verdict verdict = member.balancer.decide({now, *picture, its, {}});
    if (member.filter.worth_recording(now, verdict)) decisions_.add(record_of(now, id, verdict, its, picture));
  }
  decisions_.feed(now, picture);
}

}  // namespace shoal::load
