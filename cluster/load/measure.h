// GroupLoad: what a member makes of the reports that it has, its own among them: the picture that every decision about
// load is taken from, and that is kept with the decision. ARCHITECTURE.md, "Load", has the formulas.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "cluster/load/load_table.h"
#include "target/base/ids.h"
#include "target/base/time.h"

namespace shoal::load {

inline constexpr double kCarriedLatencyS = 0.020;  // hosts that wait longer than this are load that was not carried
inline constexpr double kDisproportion = 1.25;     // times the fair share
inline constexpr double kLeastGroupWork = 100;     // units per second, below which nobody is disproportionate

struct MemberLoad {
  double weight = 1;
  double work = 0;       // units of its hosts' requests, local and forwarded
  double forwarded = 0;  // of these, what was placed at other members
  double stretch = 1;
  double client_load = 0;
  double share = 0, fair = 0;  // fractions: of client load x weight; of the weights of who does not drain
  double threshold = 0;        // share from which it is disproportionate
  double pressure = 0;
  std::uint32_t sessions = 0;
  bool disproportionate = false;
  bool ready = false;  // heard of within kSilentAfter, and not draining: sessions may be placed there
  bool heard = false;  // heard of within kSilentAfter: it counts in the sums
  bool draining = false;
  std::uint64_t incarnation = 0, sequence = 0;  // of the report that this is from
  Time reported;                                // when that report came here
  bool operator==(const MemberLoad&) const = default;
};

struct GroupLoad {
  Time at;
  std::map<MemberId, MemberLoad> members;  // this member included; of one that was never heard of nothing but the name
  double work = 0;                         // of the members that are heard of
  double system_load = 0;                  // mean of their pressure, by weight
  bool operator==(const GroupLoad&) const = default;
};

// Shared by all the decisions of a period.
using Picture = std::shared_ptr<const GroupLoad>;

// The formulas, on what the table has now. Depends on nothing else: who has the reports can compute it again.
GroupLoad measure(const LoadTable& table, Time now);

}  // namespace shoal::load
