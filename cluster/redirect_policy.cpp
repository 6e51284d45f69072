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

std::vector<load::PlacementCandidate> to_place_at(const std::vector<Candidate>& candidates,
                                                  const std::set<MemberId>& except) {
  std::vector<load::PlacementCandidate> places;
  for (const Candidate& one : candidates) places.push_back({one.member, one.ready && !except.contains(one.member)});
  return places;
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

std::optional<LoginDecision> settled(const PlaceQuestion& question, MemberId self,
                                     const std::vector<Candidate>& candidates) {
  if (question.at_member_portal) {
    if (question.draining) return LoginDecision{Unavailable{}, "member portal of a member that drains"};
    return LoginDecision{ServeHere{}, "member portal"};
  }
  if (!question.record) return std::nullopt;
  if (const Candidate* holder = find_ready(candidates, question.record->member)) {
    return serve_at(*holder, self, fmt::format("member {} holds the nexus", holder->member));
  }
  if (const Candidate* keeper = find_ready(candidates, question.record->place_at)) {
    return serve_at(*keeper, self, fmt::format("member {} keeps a place for it", keeper->member));
  }
  return std::nullopt;
}

RedirectPolicy::RedirectPolicy(LoginRules rules, const Members& members, const Volumes& volumes,
                               GroupSessions& sessions, Allocator& allocator, Connected connected,
                               ReadSecrets read_secrets, std::function<Time()> now)
    : rules_(std::move(rules)),
      members_(members),
      volumes_(volumes),
      sessions_(sessions),
      allocator_(allocator),
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
  return chap(place(query, {volume->image.id, kPortalGroupTag, query.initiator_name, query.isid}), volume->access.chap);
}

LoginDecision RedirectPolicy::place(const LoginQuery& query, const NexusName& nexus) {
  const MemberRecord& self = members_.self();
  auto record = sessions_.known(nexus);
  if (!record) record = sessions_.moved_away(nexus);
  const auto candidates = this->candidates();
  const PlaceQuestion question{query.local == self.member_portal, !self.takes_hosts(), record};
  auto decision = settled(question, self.id, candidates);
  if (!decision) decision = allocate(nexus, record ? record->not_at : MemberId{}, candidates);
  const auto* redirect = std::get_if<RedirectTo>(&decision->what);
  if (!redirect) return std::move(*decision);
  if (!ignored_.may_redirect(nexus, query.peer.host, record ? record->epoch : 0, now_())) {
    return {ServeHere{}, "redirected again and again, and did not arrive"};
  }
  const auto to = std::find_if(candidates.begin(), candidates.end(),
                               [&](const Candidate& one) { return one.portal == redirect->address; });
  sessions_.tell_redirected(nexus, to->member);
  return std::move(*decision);
}

LoginDecision RedirectPolicy::allocate(const NexusName& nexus, MemberId not_at,
                                       const std::vector<Candidate>& candidates) {
  if (!rules_.allocate) return {ServeHere{}, "policy none"};
  const load::Placed placed = allocator_.allocate(nexus, not_at, to_place_at(candidates, {}));
  const Candidate* chosen = find_ready(candidates, placed.member);
  if (!chosen) return {ServeHere{}, placed.reason};
  sessions_.tell_placed(nexus, placed.member);
  return serve_at(*chosen, members_.self().id, placed.reason);
}

MemberId RedirectPolicy::pick(const NexusName& nexus, const std::set<MemberId>& except) {
  return allocator_.choose(nexus, members_.self().id, to_place_at(candidates(), except)).member;
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
