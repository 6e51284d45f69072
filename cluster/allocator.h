// Allocator: client allocation. Which member serves a login that the group knows no place for, and where a session goes
// that is moved to no member in particular. The rules are load::Placement's; this joins to them what the group knows of
// the host.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cluster/group_sessions.h"
#include "cluster/load/measure.h"
#include "cluster/load/placement.h"
#include "target/base/ids.h"
#include "target/base/time.h"

namespace shoal::cluster {

// What is known of load. Before there is any: no picture, no owners.
struct LoadSource {
  std::function<load::Picture()> picture;
  // Fraction of that host's recent units to that volume whose pages each member owns.
  std::function<std::map<MemberId, double>(const std::string& initiator_name, ImageId volume)> owners;
};

class Allocator {
 public:
  // Told of every login that is allocated.
  using Listener = std::function<void(const load::LoginName&, const load::Placed&)>;

  Allocator(MemberId self, load::PlacementRules rules, const GroupSessions& sessions, LoadSource load,
            std::function<Time()> now);
  void set_rules(load::PlacementRules rules) { placement_.set_rules(std::move(rules)); }
  void on_allocated(Listener listener) { listener_ = std::move(listener); }

  // Another member placed that login.
  void learn(const NexusName& nexus, MemberId at);
  // `not_at`: it is moved away from there; 0: from nowhere. `candidates` in order of their ids.
  load::Placed choose(const NexusName& nexus, MemberId not_at, const std::vector<load::PlacementCandidate>& candidates);
  // The same for a login, of which the listener is told.
  load::Placed allocate(const NexusName& nexus, MemberId not_at,
                        const std::vector<load::PlacementCandidate>& candidates);

 private:
  load::Placement placement_;
  const GroupSessions& sessions_;
  LoadSource load_;
  std::function<Time()> now_;
  Listener listener_;
};

}  // namespace shoal::cluster
