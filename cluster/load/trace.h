// Traces of load: what members saw, period after period, one JSON object a line; and what a policy would have decided.
//
//   {"group": picture of load, "sessions": [sessions, of the member that recorded it or of several]}
//
// A replay is a dry run: the balancers observe, each member that has sessions by itself. What they decide changes
// nothing in the trace, so it tells what a policy would have begun with, not where it would have ended.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/load/decision_log.h"
#include "cluster/load/measure.h"
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

class TraceReplay {
 public:
  explicit TraceReplay(BalancerRules rules);
  void step(const TraceStep& step);
  const DecisionLog& decisions() const { return decisions_; }

 private:
  struct Member {
    SessionBalancer balancer;
    VerdictFilter filter;
  };

  BalancerRules rules_;
  std::map<MemberId, Member> members_;
  DecisionLog decisions_;
};

}  // namespace shoal::load
