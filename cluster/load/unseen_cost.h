// UnseenCost: what moved sessions cost where they went, as long as measures do not show it. The rate of a session
// begins at nothing where it arrives and comes half way to the truth every kLoadHalfLife; so what is unseen of it stays
// whole for kTellingLasts (the move, and the next report) and is halved every kLoadHalfLife from then on.
#pragma once

#include <deque>

#include "cluster/load/load.h"

namespace shoal::load {

inline constexpr Duration kTellingLasts = 2s;
inline constexpr Duration kUnseenLasts = 30s;  // then 2 % of it are unseen

class UnseenCost {
 public:
  void note(Time now, MemberId to, double cost);
  double at(Time now, MemberId to) const;

 private:
  struct Moved {
    Time at;
    MemberId to;
    double cost;
  };
  std::deque<Moved> moved_;  // oldest first; at most as many as are moved in kUnseenLasts, and kMaxUnseen
};
inline constexpr std::size_t kMaxUnseen = 1024;

}  // namespace shoal::load
