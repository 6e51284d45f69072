#include "tools/node/session_history.h"

#include <utility>

#include "cluster/group_sessions.h"

namespace shoal {

using cluster::GroupSessions;
using load::ConnectionLost;

void SessionHistory::moved_here(Time now, const NexusName& nexus, const NexusName& was) {
  pasts_[nexus] = {GroupSessions::id_of(was), now, now, true};
}

// To the balancer a session that was moved has lost its connection then: that login is not told as another loss.
void SessionHistory::logged_in(Time now, const NexusName& nexus, bool known) {
  const auto past = pasts_.find(nexus);
  const bool by_move = past != pasts_.end() && std::exchange(past->second.arriving, false);
  if (!by_move) logins_.push_back({now, nexus, known});
}

std::vector<ConnectionLost> SessionHistory::observe(Time now, std::vector<LocalSession>& sessions) {
  std::set<NexusName> live;
  for (const LocalSession& session : sessions) live.insert(session.name);
  for (const Login& login : logins_) live.insert(login.nexus);  // its session may not be listed yet
  std::vector<ConnectionLost> losses;
  for (const Login& login : std::exchange(logins_, {})) {
    if (const auto lost = take_up(login, live)) losses.push_back(*lost);
  }
  for (LocalSession& session : sessions) {
    Past& past = pasts_.try_emplace(session.name, Past{session.own.nexus, now, {}, false}).first->second;
    past.seen = now;
    session.own.nexus = past.identity;
    session.own.moved_here = past.moved_here;
  }
  std::erase_if(pasts_, [&](const auto& past) { return now - past.second.seen >= load::kLossesWithin; });
  return losses;
}

std::optional<ConnectionLost> SessionHistory::take_up(const Login& login, const std::set<NexusName>& live) {
  if (const auto past = pasts_.find(login.nexus); past != pasts_.end()) {
    return ConnectionLost{past->second.identity, login.at};
  }
  const auto gone = take_gone(login.nexus, live);
  const Past past = gone ? *gone : Past{GroupSessions::id_of(login.nexus), login.at, {}, false};
  pasts_[login.nexus] = past;
  return gone || login.known ? std::optional(ConnectionLost{past.identity, login.at}) : std::nullopt;
}

// The past of a session of that host to that volume that is here no more.
std::optional<SessionHistory::Past> SessionHistory::take_gone(const NexusName& host, const std::set<NexusName>& live) {
  const NexusName first{host.image, host.portal_group_tag, host.initiator_name, 0};
  for (auto at = pasts_.lower_bound(first); at != pasts_.end() && cluster::of_same_host(at->first, host); ++at) {
    if (live.contains(at->first)) continue;
    return std::move(pasts_.extract(at).mapped());
  }
  return std::nullopt;
}

NexusId SessionHistory::identity(const NexusName& nexus) const {
  const auto past = pasts_.find(nexus);
  return past == pasts_.end() ? GroupSessions::id_of(nexus) : past->second.identity;
}

}  // namespace shoal
