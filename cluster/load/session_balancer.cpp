#include "cluster/load/session_balancer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace shoal::load {
namespace {

constexpr const char* kGainFormula = "gain: (imbalance before - after) / before";
constexpr const char* kCloserFormula = "closer: units x (fraction of pages there - here)";

constexpr double kScoreSteps = 1e6;  // scores nearer than one of these are a tie: the smaller session goes

Verdict hold(HoldReason reason, std::string why = {}) {
  return {Hold{reason}, {}, {}, why.empty() ? std::string(to_string(reason)) : std::move(why)};
}

std::size_t members_heard(const GroupLoad& group) {
  return static_cast<std::size_t>(
      std::count_if(group.members.begin(), group.members.end(), [](const auto& entry) { return entry.second.heard; }));
}

// Over-utilised is also who carries more than its share while another has next to nothing: of many members that carry
// alike none is ever disproportionate, and one that joins them would stay empty.
bool too_much(const GroupLoad& group, const MemberLoad& own) {
  if (own.disproportionate) return true;
  const bool any_starved = std::any_of(group.members.begin(), group.members.end(), [](const auto& entry) {
    return entry.second.ready && entry.second.share <= kStarved * entry.second.fair;
  });
  return any_starved && group.work >= kLeastGroupWork && own.share >= kShedUntil * own.fair;
}

// Everybody is under pressure and nobody carries more than his share: a move would only be felt.
bool all_alike(const GroupLoad& group) {
  return std::all_of(group.members.begin(), group.members.end(), [](const auto& entry) {
    return !entry.second.heard || (entry.second.pressure >= kPressed && !entry.second.disproportionate);
  });
}

// The share that a member has once it carries so much more.
double share_with(const GroupLoad& group, const MemberLoad& member, double units) {
  return group.work > 0 ? member.share + units / group.work : 0;
}

}  // namespace

std::string_view to_string(BalancerMode mode) {
  switch (mode) {
    case BalancerMode::off: return "off";
    case BalancerMode::observe: return "observe";
    case BalancerMode::act: return "act";
  }
  return "unknown";
}

std::optional<BalancerMode> parse_balancer_mode(std::string_view text) {
  for (const auto mode : {BalancerMode::off, BalancerMode::observe, BalancerMode::act}) {
    if (to_string(mode) == text) return mode;
  }
  return std::nullopt;
}

Verdict SessionBalancer::decide(const BalancerInput& input) {
  forget_old(input.now);
  hear(input);
  const auto found = input.group.members.find(self_);
  if (found == input.group.members.end() || !found->second.heard) return hold(HoldReason::alone);
  const MemberLoad& own = found->second;
  const Work work = sample_work(input);
  watch(input, own);

  if (rules_.mode == BalancerMode::off) return hold(HoldReason::off);
  if (members_heard(input.group) < 2) return hold(HoldReason::alone);
  if (pending_) return hold(HoldReason::moving);
  if (own.draining) return rules_.empties_draining ? drain(input) : hold(HoldReason::draining);
  if (input.group.work < kLeastGroupWork) return hold(HoldReason::idle);
  if (all_alike(input.group)) return hold(HoldReason::alike);
  const HoldReason calm = over_since_ ? HoldReason::not_for_long : HoldReason::balanced;
  if (!shedding_ && !rules_.affinity) return hold(calm);
  if (std::string why = swing(work, own); !why.empty()) return hold(HoldReason::swinging, std::move(why));
  if (const auto reason = too_soon(input)) return hold(*reason);
  if (rules_.affinity) {
    if (auto closer = move_closer(input)) return std::move(*closer);
  }
  return shedding_ ? shed(input, own.pressure) : hold(calm);
}

void SessionBalancer::hear(const BalancerInput& input) {
  // To come by a move is to have lost a connection.
  for (const OwnSession& session : input.sessions) {
    if (session.moved_here) losses_.note(*session.moved_here, session.nexus);
  }
  for (const BalancerEvent& event : input.events) {
    std::visit([&](const auto& happened) { on(input.now, happened); }, event);
  }
}

void SessionBalancer::on(Time now, const MoveBegan& event) {
  if (group_moves_.size() == kMaxGroupMoves) group_moves_.pop_front();
  group_moves_.push_back(now);
  if (event.from == self_) last_move_ = pending_ ? pending_->since : now;
}

void SessionBalancer::on(Time now, const MoveEnded& event) {
  if (!pending_ || pending_->move.nexus != event.nexus) return;
  unseen_.note(now, pending_->move.to, pending_->move.cost_there);
  pending_.reset();
}

void SessionBalancer::on(Time now, const MoveFailed& event) {
  if (!event.refused) tried_[event.nexus] = now;
  if (!pending_ || pending_->move.nexus != event.nexus) return;
  if (event.refused) refused_[pending_->move.to] = now;
  pending_.reset();
}

void SessionBalancer::on(Time, const ConnectionLost& event) { losses_.note(event.at, event.nexus); }

void SessionBalancer::forget_old(Time now) {
  if (pending_ && now - pending_->since >= kMoveLasts) on(now, MoveFailed{pending_->move.nexus});
  while (!group_moves_.empty() && now - group_moves_.front() >= kMovesCounted) group_moves_.pop_front();
  std::erase_if(tried_, [&](const auto& entry) { return now - entry.second >= kSessionRests; });
  std::erase_if(refused_, [&](const auto& entry) { return now - entry.second >= kRefusedFor; });
}

// The work of the sessions that are here now. Who sheds has less and less, and who gets sessions more and more, as
// what is measured of them grows: that is not to swing.
SessionBalancer::Work SessionBalancer::sample_work(const BalancerInput& input) {
  std::map<NexusId, Seen> seen;
  Work work;
  for (const OwnSession& session : input.sessions) {
    if (is_gone(session)) continue;
    const Seen now = seen[session.nexus] = sample(input.now, session);
    work.all += now.units;
    if (!session.moved_here && input.now - now.since < kNew) work.fresh += now.units;
  }
  for (const auto& [nexus, its] : seen_) {
    if (seen.contains(nexus)) continue;
    work_.leave_out(its.units);
    usual_work_.leave_out(its.units);
  }
  seen_ = std::move(seen);
  asked_ = true;
  work_.sample(input.now, work.all);
  usual_work_.sample(input.now, work.all);
  return work;
}

SessionBalancer::Seen SessionBalancer::sample(Time now, const OwnSession& session) {
  const double units = session.load.rate.units();
  const auto known = seen_.find(session.nexus);
  Seen seen = known == seen_.end() ? Seen{0, 0, asked_ ? now : now - kNew} : known->second;
  if (now - seen.since < kNew && units > seen.most) {
    work_.take_in(units - seen.most);
    usual_work_.take_in(units - seen.most);
  }
  seen.units = units;
  seen.most = std::max(seen.most, units);
  return seen;
}

// Over-utilised is who carries too much for kOverUtilisedFor without a break; from then on until it is down at
// kShedUntil: a group that stopped at kDisproportion would stay as uneven as that.
void SessionBalancer::watch(const BalancerInput& input, const MemberLoad& own) {
  if (!too_much(input.group, own)) {
    over_since_.reset();
    shedding_ = shedding_ && input.group.work >= kLeastGroupWork && own.share >= kShedUntil * own.fair;
    return;
  }
  if (!over_since_) over_since_ = input.now;
  if (input.now - *over_since_ >= kOverUtilisedFor) shedding_ = true;
}

// Why its work is not to be judged now; empty: it is. What it carries too much must be more than what comes and goes
// there in a minute anyhow: by the time that sessions were moved for that, it would be gone. And more than what has
// just come: others may be about to get as much.
std::string SessionBalancer::swing(const Work& work, const MemberLoad& own) const {
  if (work_.deviation() > kSwinging * work_.mean()) {
    return fmt::format("swinging: {:.0f} units around {:.0f} within 15 s", work_.deviation(), work_.mean());
  }
  const double excess = own.share > 0 ? work.all * (1 - own.fair / own.share) : 0;
  if (excess > 0 && excess < kUnusual * usual_work_.deviation()) {
    return fmt::format("swinging: {:.0f} units too many, where {:.0f} come and go in a minute", excess,
                       usual_work_.deviation());
  }
  if (excess > 0 && excess < work.fresh) {
    return fmt::format("swinging: {:.0f} units too many, where {:.0f} have just come", excess, work.fresh);
  }
  return {};
}

std::optional<HoldReason> SessionBalancer::too_soon(const BalancerInput& input) const {
  if (last_move_ && input.now - *last_move_ < kMovePacing) return HoldReason::pacing;
  const std::size_t limit = std::max(kGroupMoves, kMovesOfAMember * members_heard(input.group));
  return group_moves_.size() >= limit ? std::optional(HoldReason::group_limit) : std::nullopt;
}

std::string_view SessionBalancer::why_stays(Time now, const OwnSession& session) const {
  if (!session.load.may_not_move.empty()) return session.load.may_not_move;
  if (session.moved_here && now - *session.moved_here < kSessionRests) return "moved less than 30 s ago";
  if (tried_.contains(session.nexus)) return "was to move less than 30 s ago";
  if (losses_.left_alone(now, session.nexus)) return "lost its connection twice within 60 s";
  return {};
}

std::string_view SessionBalancer::why_not_to(const BalancerInput& input, const OwnSession& session, MemberId to) const {
  const MemberLoad& member = input.group.members.at(to);
  if (member.draining) return "draining";
  if (!member.heard) return "silent";
  if (!member.ready) return "not ready";
  if (session.siblings_at.contains(to)) return "serves another session of this host to this volume";
  return refused_.contains(to) ? "refused a moment ago" : "";
}

// In `observe`: it would have been moved.
bool SessionBalancer::is_gone(const OwnSession& session) const {
  return rules_.mode == BalancerMode::observe && tried_.contains(session.nexus);
}

Balance SessionBalancer::balance(const BalancerInput& input) const {
  Balance balance(input.group);
  double own = 0;
  for (const OwnSession& session : input.sessions) {
    if (!is_gone(session)) own += cost_at(session.load, self_);
  }
  balance.set_cost(self_, own);
  for (const auto& [id, member] : input.group.members) balance.add_cost(id, unseen_.at(input.now, id));
  return balance;
}

Verdict SessionBalancer::drain(const BalancerInput& input) {
  const Balance now = balance(input);
  return pick(input, MoveReason::drain, kGainFormula, [&](Option& option) {
    const SessionLoad& load = option.session->load;
    const double gain = now.gain(self_, cost_at(load, self_), option.to, cost_at(load, option.to));
    option.score = now.imbalance() > 0 ? gain / now.imbalance() : 0;
  });
}

std::optional<Verdict> SessionBalancer::move_closer(const BalancerInput& input) {
  Verdict verdict = pick(input, MoveReason::affinity, kCloserFormula, [&](Option& option) {
    const SessionLoad& load = option.session->load;
    const MemberLoad& there = input.group.members.at(option.to);
    const double closer = owned_at(load, option.to) - owned_at(load, self_);
    option.score = closer * load.rate.units();
    if (load.rate.units() < 1 || 1 - owned_at(load, self_) <= kMostForwarded || closer < kLeastCloser) {
      option.note = "not much closer";
    } else if (share_with(input.group, there, load.rate.units()) >= kDisproportion * there.fair &&
               there.pressure >= kUnpressed) {
      option.note = "would carry too much";
    }
  });
  return std::holds_alternative<Move>(verdict.what) ? std::optional(std::move(verdict)) : std::nullopt;
}

Verdict SessionBalancer::shed(const BalancerInput& input, double pressure) {
  const Balance now = balance(input);
  const double before = now.imbalance();
  return pick(input, MoveReason::over_utilised, kGainFormula, [&](Option& option) {
    const SessionLoad& load = option.session->load;
    const double leaving = cost_at(load, self_);
    const double gain = now.gain(self_, leaving, option.to, cost_at(load, option.to));
    option.score = before > 0 ? gain / before : 0;
    const bool at_home = rules_.affinity && owned_at(load, self_) > 1 - kMostForwarded;
    if (at_home && pressure < kPressed) {
      option.note = "most of its pages are here";
    } else if (gain <= kLeastGain * 2 * leaving * now.load(self_)) {
      option.note = "gains too little";
    }
  });
}

Verdict SessionBalancer::pick(const BalancerInput& input, MoveReason reason, std::string formula, const Judge& judge) {
  std::vector<Option> options;
  bool any_may_move = false, any_place = false;
  for (const OwnSession& session : input.sessions) {
    const std::string_view stays = why_stays(input.now, session);
    any_may_move |= stays.empty();
    for (const auto& [to, member] : input.group.members) {
      if (to == self_) continue;
      Option option{&session, to, 0, stays.empty() ? why_not_to(input, session, to) : stays};
      if (option.note.empty()) {
        any_place = true;
        judge(option);
      }
      options.push_back(std::move(option));
    }
  }
  const auto order = [&](const Option& a) {
    const MemberLoad& to = input.group.members.at(a.to);
    return std::tuple(!a.note.empty(), -std::round(a.score * kScoreSteps), a.session->load.rate.units(),
                      to.sessions / std::max(to.weight, kLeastWeight), a.session->load.session, a.to);
  };
  const auto kept = std::min(options.size(), kMaxRecordedAlternatives);
  std::partial_sort(options.begin(), options.begin() + static_cast<std::ptrdiff_t>(kept), options.end(),
                    [&](const Option& a, const Option& b) { return order(a) < order(b); });
  options.resize(kept);

  Verdict verdict = hold(!any_may_move ? HoldReason::none_may_move
                         : !any_place  ? HoldReason::nowhere
                                       : HoldReason::no_gain);
  verdict.formula = std::move(formula);
  for (const Option& option : options) {
    verdict.alternatives.push_back({option.to, option.session->load.session, option.score, std::string(option.note)});
  }
  if (options.empty() || !options.front().note.empty()) return verdict;
  const Option& best = options.front();
  const Move move{
      best.session->load.session,          best.session->nexus, best.to, reason, cost_at(best.session->load, self_),
      cost_at(best.session->load, best.to)};
  verdict.what = move;
  verdict.reason = to_string(reason);
  settle(input.now, move);
  return verdict;
}

void SessionBalancer::settle(Time now, const Move& move) {
  if (rules_.mode == BalancerMode::act) {
    pending_ = Pending{move, now};
    return;
  }
  on(now, MoveBegan{move.nexus, self_, move.to});
  tried_[move.nexus] = now;
  unseen_.note(now, move.to, move.cost_there);
}

}  // namespace shoal::load
