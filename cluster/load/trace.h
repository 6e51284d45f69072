// Traces of load: what members saw, period after period, one JSON object a line; and what a policy would have decided.
//
//   {"group": picture of load, "sessions": [sessions, of the member that recorded it or of several]}
//
// A replay is a dry run: the balancers observe, each member that has sessions by itself, and sessions that come later
// than the trace begins are logins that a policy places. What they decide changes nothing in the trace, so it tells
// what a policy would have begun with, not where it would have ended (test_scale --trace shows that).
#pragma once

#include <functional>
#include <istream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/load/decision_log.h"
#include "cluster/load/measure.h"
#include "cluster/load/placement.h"
#include "cluster/load/session_balancer.h"
#include "cluster/load/verdict_filter.h"
#include "target/base/result.h"

namespace shoal::load {

inline constexpr std::size_t kMaxTraceLine = 16 * 1024 * 1024;
inline constexpr std::size_t kMaxTraceSessions = 20000;

struct TraceStep {
  GroupLoad group;  // at its time
  std::vector<OwnSession> sessions;
  bool operator==(const TraceStep&) const = default;
};

std::string encode(const TraceStep& step);                                // without the end of the line
Result<TraceStep, std::string> decode_trace_step(std::string_view line);  // the error is one line for people

// The error names the line.
Result<void, std::string> read_trace(std::istream& in, const std::function<void(const TraceStep&)>& take);

struct ReplayFigures {
  std::size_t steps = 0, logins = 0, moves = 0;
  std::size_t placed_elsewhere = 0;  // of the logins: not where they went
  double uneven_at_first = 0;        // Balance::unevenness
  double uneven_at_last = 0;         // as it was recorded
  double uneven_replayed = 0;        // then, were each session where it was last decided to go
};

class TraceReplay {
 public:
  // Without a policy logins are not placed.
  explicit TraceReplay(BalancerRules rules, std::optional<PlacementPolicy> policy = {});
  void step(const TraceStep& step);
  const DecisionLog& decisions() const { return decisions_; }
  const ReplayFigures& figures() const { return figures_; }

 private:
  struct Member {
    SessionBalancer balancer;
    VerdictFilter filter;
  };
  void balance(const TraceStep& step, const Picture& picture);
  void place(const TraceStep& step, const Picture& picture);
  void place(const OwnSession& login, const Picture& picture);
  double unevenness(const TraceStep& step, bool replayed) const;

  BalancerRules rules_;
  std::optional<Placement> placement_;
  std::set<NexusId> known_;              // sessions that are no logins any more
  std::map<NexusId, MemberId> sent_to_;  // where sessions would be
  ReplayFigures figures_;
  std::map<MemberId, Member> members_;
  DecisionLog decisions_;
};

}  // namespace shoal::load
