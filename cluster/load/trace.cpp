#include "cluster/load/trace.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cluster/load/balance.h"
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

namespace {

// False: there is none, or it is longer than any line may be.
bool read_line(std::istream& in, std::string& line) {
  line.clear();
  for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
    if (c == '\n') return true;
    line.push_back(static_cast<char>(c));
    if (line.size() > kMaxTraceLine) break;
  }
  return !line.empty();
}

}  // namespace

Result<void, std::string> read_trace(std::istream& in, const std::function<void(const TraceStep&)>& take) {
  std::string line;
  for (int number = 1; read_line(in, line); ++number) {
    const auto step = decode_trace_step(line);
    if (!step) return fmt::format("line {}: {}", number, step.error());
    take(*step);
  }
  return {};
}

TraceReplay::TraceReplay(BalancerRules rules, std::optional<PlacementPolicy> policy) : rules_(rules) {
  if (rules_.mode == BalancerMode::act) rules_.mode = BalancerMode::observe;
  if (policy) placement_.emplace(MemberId{1}, PlacementRules{*policy, {}});
}

void TraceReplay::step(const TraceStep& step) {
  const auto picture = std::make_shared<const GroupLoad>(step.group);
  if (placement_) place(step, picture);
  balance(step, picture);
  decisions_.feed(step.group.at, picture);
  if (figures_.steps++ == 0) figures_.uneven_at_first = unevenness(step, false);
  figures_.uneven_at_last = unevenness(step, false);
  figures_.uneven_replayed = unevenness(step, true);
}

void TraceReplay::place(const TraceStep& step, const Picture& picture) {
  for (const OwnSession& session : step.sessions) {
    const bool is_new = known_.insert(session.nexus).second;
    if (is_new && figures_.steps > 0 && !session.moved_here) place(session, picture);
  }
}

void TraceReplay::place(const OwnSession& login, const Picture& picture) {
  const LoginName name{login.load.initiator_name, 0, login.load.image};
  std::vector<PlacementCandidate> candidates;
  for (const auto& [id, member] : picture->members) candidates.push_back({id, member.ready});
  const Placed placed =
      placement_->place(picture->at, {name, {}, login.siblings_at, login.load.owners}, candidates, *picture);
  ++figures_.logins;
  if (placed.member == MemberId{}) return;
  if (placed.member != login.load.session.member) ++figures_.placed_elsewhere;
  sent_to_[login.nexus] = placed.member;
  decisions_.add(record_of(picture->at, login.load.session.member, name, placed, picture));
}

void TraceReplay::balance(const TraceStep& step, const Picture& picture) {
  const Time now = step.group.at;
  std::map<MemberId, std::vector<OwnSession>> sessions;
  for (const OwnSession& session : step.sessions) sessions[session.load.session.member].push_back(session);
  for (const auto& [id, its] : sessions) {
    Member& member = members_.try_emplace(id, Member{SessionBalancer(id, rules_), {}}).first->second;
    const Verdict verdict = member.balancer.decide({now, *picture, its, {}});
    if (const auto* move = std::get_if<Move>(&verdict.what)) {
      ++figures_.moves;
      sent_to_[move->nexus] = move->to;
    }
    if (member.filter.worth_recording(now, verdict)) decisions_.add(record_of(now, id, verdict, its, picture));
  }
}

// Members of which no session is in the trace carry what their reports say.
double TraceReplay::unevenness(const TraceStep& step, bool replayed) const {
  Balance balance(step.group);
  for (const OwnSession& session : step.sessions) balance.set_cost(session.load.session.member, 0);
  for (const OwnSession& session : step.sessions) {
    const auto sent = sent_to_.find(session.nexus);
    const MemberId at = replayed && sent != sent_to_.end() ? sent->second : session.load.session.member;
    balance.add_cost(at, cost_at(session.load, at));
  }
  return balance.unevenness();
}

}  // namespace shoal::load
