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

LoginDecision unreadable(const std::string& why) { return {Unavailable{}, "CHAP: " + why}; }

// Has the login prove itself before the decision is carried out, where it is one that waits for that.
LoginDecision with_chap(LoginDecision decision, const ChapSettings& settings, bool redirect_after_chap,
                        const ReadSecrets& read_secrets) {
  auto* serve = std::get_if<ServeHere>(&decision.what);
  auto* redirect = redirect_after_chap ? std::get_if<RedirectTo>(&decision.what) : nullptr;
  if (!serve && !redirect) return decision;
  auto credentials = read_secrets(settings);
  if (!credentials) return unreadable(credentials.error());
  (serve ? serve->chap : redirect->after_chap) = std::move(*credentials);
  return decision;
}

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
  if (const Candidate* keeper = find_ready(candidates, record.place_at)) {
    return serve_at(*keeper, self, fmt::format("member {} keeps a place for it", keeper->member));
  }
  if (rule == RedirectRule::none) return {ServeHere{}, "policy none"};
  const Candidate* chosen = next_in_circle(candidates, next, record.not_at);
  if (!chosen) return {ServeHere{}, "no member is ready"};
  next = chosen->member;
  return serve_at(*chosen, self, "round robin");
}

RedirectPolicy::RedirectPolicy(LoginRules rules, const Members& members, const Volumes& volumes,
                               GroupSessions& sessions, Connected connected, ReadSecrets read_secrets,
                               std::function<Time()> now)
    : rules_(std::move(rules)),
      members_(members),
      volumes_(volumes),
      sessions_(sessions),
      connected_(std::move(connected)),
      read_secrets_(std::move(read_secrets)),
      now_(std::move(now)) {}

void RedirectPolicy::decide(const LoginQuery& query, Completion<LoginDecision> done) { done(decide(query)); }

LoginDecision RedirectPolicy::decide(const LoginQuery& query) {
  const auto chap = [&](LoginDecision decision, const std::optional<ChapSettings>& settings) {
    if (!settings) return decision;
    return with_chap(std::move(decision), *settings, rules_.redirect_after_chap, read_secrets_);
  };
  if (query.discovery) return chap({ServeHere{}, "discovery"}, rules_.discovery_chap);
  const VolumeRecord* volume = volumes_.find_target(query.target_name);
  if (!volume) return {RefuseLogin{LoginRefusal::not_found}, "no such target"};
  if (!may_log_in(volume->access, query.initiator_name)) {
    return {RefuseLogin{rules_.not_allowed}, "the volume's lists do not allow it"};
  }
  return chap(place_or_keep(query, {volume->image.id, kPortalGroupTag, query.initiator_name, query.isid}),
              volume->access.chap);
}

LoginDecision RedirectPolicy::place_or_keep(const LoginQuery& query, const NexusName& nexus) {
  const MemberRecord& self = members_.self();
  auto record = sessions_.known(nexus);
  if (!record) record = sessions_.moved_away(nexus);
  const PlaceQuestion question{query.local == self.member_portal, !self.takes_hosts(), std::move(record)};
  const auto candidates = this->candidates();
  LoginDecision decision = place(question, self.id, candidates, rules_.redirect, next_);
  const auto* redirect = std::get_if<RedirectTo>(&decision.what);
  if (!redirect) return decision;
  if (!ignored_.may_redirect(nexus, query.peer.host, question.record ? question.record->epoch : 0, now_())) {
    return {ServeHere{}, "redirected again and again, and did not arrive"};
  }
  const auto to = std::find_if(candidates.begin(), candidates.end(),
                               [&](const Candidate& one) { return one.portal == redirect->address; });
  sessions_.tell_redirected(nexus, to->member);
  return decision;
}

MemberId RedirectPolicy::pick(const std::set<MemberId>& except) {
  auto candidates = this->candidates();
  for (Candidate& one : candidates) one.ready = one.ready && !except.contains(one.member);
  const Candidate* chosen = next_in_circle(candidates, next_, {});
  if (!chosen) return {};
  return next_ = chosen->member;
}

std::vector<Candidate> RedirectPolicy::candidates() const {
  const auto members = members_.all();
  std::vector<Candidate> candidates;
  for (const auto& [id, member] : *members) {
    const bool self = id == members_.self().id;
    const bool can_be_named = self || member.member_portal.port != 0;
    candidates.push_back({id, member.member_portal, can_be_named && member.takes_hosts() && (self || connected_(id))});
  }
  return candidates;
}

}  // namespace shoal::cluster
