#include "cluster/load/balance.h"

#include <algorithm>
#include <cmath>

#include "cluster/load/limits.h"

namespace shoal::load {
namespace {

double square(double x) { return x * x; }

}  // namespace

double owned_at(const SessionLoad& session, MemberId member) {
  const auto found = session.owners.find(member);
  return found == session.owners.end() ? 0 : found->second;
}

double cost_at(const SessionLoad& session, MemberId member) {
  return session.rate.units() * (1 + kForwardingCost * (1 - owned_at(session, member)));
}

double cost_of(const MemberLoad& member) { return member.work + kForwardingCost * member.forwarded; }

Balance::Balance(const GroupLoad& group) {
  for (const auto& [id, member] : group.members) {
    if (!member.heard) continue;
    members_[id] = {cost_of(member), std::max(member.weight, kLeastWeight)};
  }
}

void Balance::set_cost(MemberId member, double cost) {
  if (const auto found = members_.find(member); found != members_.end()) found->second.cost = cost;
}

void Balance::add_cost(MemberId member, double cost) {
  if (const auto found = members_.find(member); found != members_.end()) found->second.cost += cost;
}

double Balance::load(MemberId member) const {
  const auto found = members_.find(member);
  return found == members_.end() ? 0 : found->second.cost / found->second.weight;
}

double Balance::imbalance() const {
  double sum = 0;
  for (const auto& [id, carried] : members_) sum += square(carried.cost) / carried.weight;
  return sum;
}

double Balance::unevenness() const {
  double sum = 0, furthest = 0;
  for (const auto& [id, carried] : members_) sum += load(id);
  if (sum == 0) return 0;
  const double mean = sum / static_cast<double>(members_.size());
  for (const auto& [id, carried] : members_) furthest = std::max(furthest, std::abs(load(id) - mean));
  return furthest / mean;
}

double Balance::gain(MemberId from, double leaving, MemberId to, double coming) const {
  const Carried& source = members_.at(from);
  const Carried& destination = members_.at(to);
  return (square(source.cost) - square(source.cost - leaving)) / source.weight -
         (square(destination.cost + coming) - square(destination.cost)) / destination.weight;
}

}  // namespace shoal::load
