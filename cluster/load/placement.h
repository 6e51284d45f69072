// Placement: which member serves a login that the group does not know yet (client allocation). Scores and policies are
// those of ARCHITECTURE.md, "Load".
//
// A pin to a member that is ready beats everything, but the order to leave that member. Else, of the members that are
// ready, those come first that
//   are heard of                                              (the others only while nobody is),
//   serve no other session of this host to this volume,
//   are not the one that the session is moved away from,
// in this order of weight, and of those the policy takes one. A decision counts at once in the next (RecentPlacements).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/load/alternative.h"
#include "cluster/load/measure.h"
#include "cluster/load/pins.h"
#include "cluster/load/recent_placements.h"

namespace shoal::load {

enum class PlacementPolicy { round_robin, least_loaded, affinity, weighted };
std::string_view to_string(PlacementPolicy policy);
std::optional<PlacementPolicy> parse_placement_policy(std::string_view text);

struct PlacementRules {
  PlacementPolicy policy = PlacementPolicy::least_loaded;
  std::vector<Pin> pins;
};

struct PlacementQuestion {
  LoginName login;
  MemberId not_at;                    // it is moved away from there; 0: from nowhere
  std::set<MemberId> served_at;       // members that serve other sessions of this host to this volume
  std::map<MemberId, double> owners;  // fraction of the host's recent units whose pages that member owns; may be empty
};

struct PlacementCandidate {
  MemberId member;
  bool ready = false;  // in reach, has a portal, does not drain
};

struct Placed {
  MemberId member;                        // 0: none is ready
  std::vector<Alternative> alternatives;  // every candidate, lowest score best
  std::string formula;
  std::string reason;
};

inline constexpr std::size_t kDrawn = 4;  // members that are compared for one login, where there are more

class Placement {
 public:
  Placement(MemberId self, PlacementRules rules) : self_(self), rules_(std::move(rules)), last_{self.value - 1} {}
  void set_rules(PlacementRules rules) { rules_ = std::move(rules); }
  const PlacementRules& rules() const { return rules_; }

  // Another portal placed that login.
  void learn(Time now, const LoginName& login, MemberId member);
  // `candidates` are in order of their ids, each once.
  Placed place(Time now, const PlacementQuestion& question, const std::vector<PlacementCandidate>& candidates,
               const GroupLoad& load);

 private:
  struct Standing;
  std::vector<Standing> standings(const PlacementQuestion& question, const std::vector<PlacementCandidate>& candidates,
                                  const GroupLoad& load) const;
  static unsigned fewest_drawbacks(const std::vector<Standing>& standings);
  void draw_lots(const LoginName& login, std::vector<Standing>& standings) const;
  const Standing* best_of(const std::vector<Standing>& standings, bool owners_known) const;
  Placed choose(const PlacementQuestion& question, const std::vector<Standing>& standings) const;

  MemberId self_;
  PlacementRules rules_;
  RecentPlacements recent_;
  MemberId last_;  // that round robin took; each member begins with itself
};

}  // namespace shoal::load
