// SessionHistory: what a member knows of its sessions that their connections do not tell: which of them lost one and
// came back, which came by a move, and which is which when a host comes back with another ISID (libiscsi): to the
// balancer it is the session that it was. Pure; told of each login that was granted here, and once a period of the
// sessions that are here. A session that has gone is remembered for load::kLossesWithin.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "cluster/load/connection_losses.h"
#include "cluster/load/session_balancer.h"
#include "target/ports/session_registry.h"

namespace shoal {

// A session of this member, as the balancer sees it, and the name of its nexus.
struct LocalSession {
  NexusName name;
  load::OwnSession own;
};

class SessionHistory {
 public:
  // `known`: the group has a record of that nexus, so its last session ended a moment ago, whatever the cause.
  void logged_in(Time now, const NexusName& nexus, bool known);
  // The next login of that nexus, which is granted already, comes by a move; `was`: its nexus before.
  void moved_here(Time now, const NexusName& nexus, const NexusName& was);

  // Says of each session what is known of it, and which of them lost connections since the last time.
  std::vector<load::ConnectionLost> observe(Time now, std::vector<LocalSession>& sessions);
  // As what a nexus is known to the balancer.
  NexusId identity(const NexusName& nexus) const;

 private:
  struct Login {
    Time at;
    NexusName nexus;
    bool known = false;
  };
  struct Past {
    NexusId identity;
    Time seen;
    std::optional<Time> moved_here;
    bool arriving = false;  // that login is not told yet
  };
  std::optional<load::ConnectionLost> take_up(const Login& login, const std::set<NexusName>& live);
  std::optional<Past> take_gone(const NexusName& host, const std::set<NexusName>& live);

  std::vector<Login> logins_;  // since the last period
  std::map<NexusName, Past> pasts_;
};

}  // namespace shoal
