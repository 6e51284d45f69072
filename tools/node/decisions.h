// Decisions: this member's log of what it decided about load (cluster/load/decision_log.h): who decides tells it here,
// and what became of it. Moves that the balancer did not ask for, by hand and of a drain, are records, too.
#pragma once

#include <cstdint>
#include <map>

#include "cluster/load/decision_log.h"
#include "cluster/load/move_pauses.h"
#include "tools/node/move_order.h"

namespace shoal {

struct DecisionCounters {
  std::map<load::DecisionKind, std::uint64_t> decisions;
  std::map<load::MoveReason, std::uint64_t> moves;  // that arrived
};

class Decisions {
 public:
  explicit Decisions(MemberId self) : self_(self) {}

  // Once a period: what the decisions of the next one are taken from.
  void on_period(Time now, load::Picture picture);

  void placed(Time now, const load::LoginName& login, const load::Placed& placed);
  void decided(Time now, const load::Verdict& verdict, const std::vector<load::OwnSession>& sessions, bool observed);
  void move_placed(Time now, const MoveRecord& move);  // a record of its own, where nobody decided it before
  void move_ended(const MoveResult& result, const SessionName& session);

  const load::DecisionLog& log() const { return log_; }
  const DecisionCounters& counters() const { return counters_; }

 private:
  std::uint64_t add(load::DecisionRecord record);

  const MemberId self_;
  load::DecisionLog log_;
  load::Picture picture_;
  load::MovePauses pauses_;
  std::map<SessionName, std::uint64_t> under_way_;  // moves, with the numbers of their records
  DecisionCounters counters_;
};

}  // namespace shoal
