#include "cluster/load/measure.h"

#include <algorithm>

namespace shoal::load {
namespace {

double carried(const MemberLoad& member) { return member.client_load * member.weight; }

double pressure_of(const LoadReport& report) {
  return std::max({report.store.busy, report.server.cpu, report.server.memory, report.server.network});
}

// What a member's own report says of it.
MemberLoad member_load(const LoadTable::Entry& entry, Time now) {
  MemberLoad member;
  if (!entry.report) return member;
  const LoadReport& report = *entry.report;
  member.weight = report.weight;
  member.forwarded = report.forwarded.units();
  member.work = report.local.units() + member.forwarded;
  member.stretch = std::max(1.0, report.latency_s / kCarriedLatencyS);
  member.client_load = member.work * member.stretch / member.weight;
  member.pressure = pressure_of(report);
  member.sessions = report.server.sessions;
  member.heard = entry.heard(now);
  member.draining = report.draining;
  member.ready = member.heard && !member.draining;
  member.incarnation = report.incarnation;
  member.sequence = report.sequence;
  member.reported = entry.received;
  return member;
}

struct Sums {
  double carried = 0, weight = 0;
  double ready_weight = 0;  // of those that the load is for: a member that drains is to carry nothing
};

// What it is beside the others.
void compare(MemberLoad& member, const Sums& sums, double group_work) {
  if (sums.carried > 0) member.share = carried(member) / sums.carried;
  if (!member.ready) return;
  member.fair = member.weight / sums.ready_weight;
  member.threshold = kDisproportion * member.fair;
  member.disproportionate = group_work >= kLeastGroupWork && member.share >= member.threshold;
}

}  // namespace

GroupLoad measure(const LoadTable& table, Time now) {
  GroupLoad group{.at = now};
  Sums sums;
  double weighted_pressure = 0;
  for (const auto& [id, entry] : table.entries()) {
    const MemberLoad& member = group.members[id] = member_load(entry, now);
    if (!member.heard) continue;
    group.work += member.work;
    sums.carried += carried(member);
    sums.weight += member.weight;
    if (member.ready) sums.ready_weight += member.weight;
    weighted_pressure += member.pressure * member.weight;
  }
  if (sums.weight > 0) group.system_load = weighted_pressure / sums.weight;
  for (auto& [id, member] : group.members) {
    if (member.heard) compare(member, sums, group.work);
  }
  return group;
}

}  // namespace shoal::load
