#include "cluster/redirect_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace shoal::cluster {
namespace {

const Candidate* find_ready(const std::vector<Candidate>& candidates, MemberId member) {
  const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
    return candidate.member == member && candidate.ready;
  });
  return found == candidates.end() ? nullptr : &*found;
}

LoginDecision serve_at(const Candidate& candidate, MemberId self, std::string reason) {
  if (candidate.member == self) return {ServeHere{}, std::move(reason)};
  return {RedirectTo{candidate.portal}, std::move(reason)};
}

// The first ready one after `last` in the circle of members, `not_at` only when there is no other.
const Candidate* next_in_circle(const std::vector<Candidate>& candidates, MemberId last, MemberId not_at) {
  const Candidate* first = nullptr;
  const Candidate* after = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!candidate.ready || candidate.member == not_at) continue;
    if (!first) first = &candidate;
    if (!after && candidate.member > last) after = &candidate;
  }
  if (after) return after;
  return first ? first : find_ready(candidates, not_at);
}

bool is_any(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

}  // namespace

LoginDecision place(const PlaceQuestion& question, MemberId self, const std::vector<Candidate>& candidates,
                    RedirectRule rule, MemberId& next) {
  if (question.at_member_portal) {
    if (question.draining) return {Unavailable{}, "member portal of a member that drains"};
    return {ServeHere{}, "member portal"};
  }
  const NexusRecord nobody;
  const NexusRecord& record = question.record ? *question.record : nobody;
  if (const Candidate* holder = find_ready(candidates, record.member)) {
    return serve_at(*holder, self, fmt::format("member {} holds the nexus", holder->member));
  }
  if (rule == RedirectRule::none) return {ServeHere{}, "policy none"};
  const Candidate* chosen = next_in_circle(candidates, next, record.not_at);
  if (!chosen) return {ServeHere{}, "no member is ready"};
  next = chosen->member;
  return serve_at(*chosen, self, "round robin");
}

bool is_member_portal(const MemberRecord& member, const Endpoint& local) {
  const Endpoint& portal = member.member_portal;
  if (portal.port == 0 || portal.port != local.port) return false;
  if (portal.host == local.host) return true;
  const auto& group = member.group_portals;
  return is_any(portal.host) && std::find(group.begin(), group.end(), local) == group.end();
}

RedirectPolicy::RedirectPolicy(RedirectRule rule, const Members& members, const Volumes& volumes,
                               const GroupSessions& sessions, Connected connected)
    : rule_(rule), members_(members), volumes_(volumes), sessions_(sessions), connected_(std::move(connected)) {}

void RedirectPolicy::decide(const LoginQuery& query, Completion<LoginDecision> done) {
  if (query.discovery) return done({ServeHere{}, "discovery"});
  const VolumeRecord* volume = volumes_.find_target(query.target_name);
  if (!volume) return done({RefuseLogin{LoginRefusal::not_found}, "no such target"});
  const MemberRecord& self = members_.self();
  const PlaceQuestion question{is_member_portal(self, query.local), self.draining,
                               sessions_.known({volume->image.id, 1, query.initiator_name, query.isid})};
  done(place(question, self.id, candidates(), rule_, next_));
}

std::vector<Candidate> RedirectPolicy::candidates() const {
  const auto members = members_.all();
  std::vector<Candidate> candidates;
  for (const auto& [id, member] : *members) {
    const bool self = id == members_.self().id;
    const bool can_be_named = self || member.member_portal.port != 0;
    candidates.push_back({id, member.member_portal, can_be_named && !member.draining && (self || connected_(id))});
  }
  return candidates;
}

}  // namespace shoal::cluster
