#include "tools/node/load_balancer.h"

#include <numeric>
#include <utility>

namespace shoal {
namespace {

load::BalancerRules beside_the_drain(load::BalancerRules rules) {
  rules.empties_draining = false;
  return rules;
}

// Of this member, with all its sessions: what the destination of one compares with.
double load_of(MemberId self, const load::GroupLoad& group, const std::vector<load::OwnSession>& sessions) {
  load::Balance balance(group);
  balance.set_cost(self,
                   std::accumulate(sessions.begin(), sessions.end(), 0.0, [self](double sum, const auto& session) {
                     return sum + load::cost_at(session.load, self);
                   }));
  return balance.load(self);
}

}  // namespace

LoadBalancer::LoadBalancer(Runtime& runtime, MemberId self, BalancedMember& member, Decisions& decisions, Log log)
    : runtime_(runtime),
      self_(self),
      member_(member),
      decisions_(decisions),
      log_(std::move(log)),
      balancer_(self, beside_the_drain({})) {}

void LoadBalancer::set_rules(load::BalancerRules rules) {
  rules = beside_the_drain(rules);
  if (rules != balancer_.rules()) balancer_.set_rules(rules);
}

void LoadBalancer::on_period() {
  const Time now = runtime_.now();
  const load::Picture picture = member_.picture();
  auto local = member_.sessions();
  for (const load::ConnectionLost& lost : history_.observe(now, local)) events_.push_back(lost);
  sessions_.clear();
  for (LocalSession& session : local) sessions_.push_back(std::move(session.own));

  decisions_.on_period(now, picture);
  const auto events = std::exchange(events_, {});
  const load::Verdict verdict = balancer_.decide({now, *picture, sessions_, events});
  const bool observed = balancer_.rules().mode == load::BalancerMode::observe;
  if (filter_.worth_recording(now, verdict)) {
    log_.info("load_decision what={} observed={} reason={}",
              std::holds_alternative<load::Move>(verdict.what) ? "move" : "hold", observed,
              shoal::quoted(verdict.reason));
    decisions_.decided(now, verdict, sessions_, observed);
  }
  const auto* move = std::get_if<load::Move>(&verdict.what);
  if (move && !observed) act(*move, load_of(self_, *picture, sessions_));
}

void LoadBalancer::act(const load::Move& move, double source_load) {
  MoveOrder order{.to = move.to, .reason = move.reason, .cost = move.cost_there, .source_load = source_load};
  member_.move(move.session.number, order, [weak = weak_from_this(), move](const MoveResult& result) {
    if (const auto self = weak.lock()) self->on_result(move, result);
  });
}

// A destination that kept no place has refused; nothing has happened to the session.
void LoadBalancer::on_result(const load::Move& move, const MoveResult& result) {
  decisions_.move_ended(result, move.session);
  if (result.status == 200) return events_.push_back(load::MoveEnded{move.nexus});
  const bool refused = result.record.from != MemberId{} && !result.record.placed;
  events_.push_back(load::MoveFailed{move.nexus, refused});
}

void LoadBalancer::on_move_placed(const MoveRecord& move) {
  events_.push_back(load::MoveBegan{history_.identity(move.nexus), self_, move.to});
  decisions_.move_placed(runtime_.now(), move);
}

void LoadBalancer::on_move_ended(const MoveResult& result) { decisions_.move_ended(result, result.record.session); }

void LoadBalancer::on_arrival(const NexusName& nexus, const NexusName& was) {
  history_.moved_here(runtime_.now(), nexus, was);
}

void LoadBalancer::on_move_elsewhere(const cluster::NexusRecord& moved) {
  events_.push_back(load::MoveBegan{history_.identity(moved.name), moved.not_at, moved.place_at});
}

}  // namespace shoal
