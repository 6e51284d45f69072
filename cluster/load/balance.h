// Balance: what each member carries, and what the move of a session would make of it. All of it in cost: request units
// per second, those that are forwarded counted half as much again. ARCHITECTURE.md, "Load", has the formulas.
#pragma once

#include <map>

#include "cluster/load/load.h"
#include "cluster/load/measure.h"

namespace shoal::load {

inline constexpr double kForwardingCost = 0.5;  // of a unit, on top of it

double owned_at(const SessionLoad& session, MemberId member);  // fraction of its units whose pages that member owns
double cost_at(const SessionLoad& session, MemberId member);
double cost_of(const MemberLoad& member);  // of what its report says that it carries

class Balance {
 public:
  // Of the members that are heard of.
  explicit Balance(const GroupLoad& group);

  void set_cost(MemberId member, double cost);  // better known than by the report
  void add_cost(MemberId member, double cost);  // that no report shows yet
  double load(MemberId member) const;           // cost over weight
  double imbalance() const;                     // sum of load^2 x weight
  double unevenness() const;                    // of the member furthest from the mean load, as a fraction of it

  // How much lower the imbalance is when `from` has `leaving` less and `to` has `coming` more; negative: it is higher.
  double gain(MemberId from, double leaving, MemberId to, double coming) const;

 private:
  struct Carried {
    double cost = 0, weight = 1;
  };
  std::map<MemberId, Carried> members_;
};

}  // namespace shoal::load
