// VerdictFilter: which verdicts are worth a record. Every move is. A hold is when it ends something: the first one
// after a move that does not just wait for it, and each reason for which a member that would act does not, once until
// the next move or for kHoldTold.
#pragma once

#include <map>

#include "cluster/load/verdict.h"
#include "target/base/time.h"

namespace shoal::load {

inline constexpr Duration kHoldTold = 60s;

class VerdictFilter {
 public:
  bool worth_recording(Time now, const Verdict& verdict);

 private:
  bool acting_ = false;  // something was decided, or would have been, and nothing is recorded that ends it
  std::map<HoldReason, Time> told_;
};

}  // namespace shoal::load
