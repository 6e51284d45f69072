#include "cluster/load/recent_placements.h"

#include <algorithm>
#include <utility>

namespace shoal::load {

void RecentPlacements::note(Time now, const LoginName& login, MemberId member) {
  if (placements_.size() == kMaxRecentPlacements) placements_.pop_front();
  placements_.push_back({now, login, member});
}

void RecentPlacements::forget(const LoginName& login) {
  std::erase_if(placements_, [&](const Placement& placement) { return placement.login == login; });
}

void RecentPlacements::observe(Time now, const GroupLoad& load) {
  while (!placements_.empty() && placements_.front().at + kLoginLasts <= now) placements_.pop_front();
  std::map<MemberId, Seen> seen;
  for (const auto& [id, member] : load.members) {
    const Seen current{member.incarnation, member.sequence, member.sessions};
    const auto found = seen_.find(id);
    const bool restarted = found == seen_.end() || found->second.incarnation != current.incarnation;
    const std::uint32_t before = restarted ? 0 : found->second.sessions;
    const bool newer = restarted || found->second.sequence != current.sequence;
    if (newer && current.sessions > before) take_for_arrived(id, current.sessions - before);
    if (newer) count_reports(id, restarted ? 1 : current.sequence - found->second.sequence);
    seen.emplace(id, current);
  }
  seen_ = std::move(seen);
}

void RecentPlacements::take_for_arrived(MemberId member, std::uint32_t sessions) {
  for (Placement& placement : placements_) {
    if (sessions == 0) return;
    if (placement.member != member || !placement.expected) continue;
    placement.expected = false;
    --sessions;
  }
}

void RecentPlacements::count_reports(MemberId member, std::uint64_t reports) {
  for (Placement& placement : placements_) {
    if (placement.member != member) continue;
    placement.reports += reports;
    placement.expected = placement.expected && placement.reports < kReportsShow;
  }
}

std::uint32_t RecentPlacements::expected_at(MemberId member) const {
  return static_cast<std::uint32_t>(
      std::count_if(placements_.begin(), placements_.end(),
                    [&](const Placement& placement) { return placement.member == member && placement.expected; }));
}

std::set<MemberId> RecentPlacements::siblings(const LoginName& login) const {
  std::set<MemberId> members;
  for (const Placement& placement : placements_) {
    const bool same_host = placement.login.initiator_name == login.initiator_name;
    if (same_host && placement.login.volume == login.volume && placement.login.isid != login.isid) {
      members.insert(placement.member);
    }
  }
  return members;
}

}  // namespace shoal::load
