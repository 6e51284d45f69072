#include "cluster/load/verdict_filter.h"

#include <utility>

namespace shoal::load {
namespace {

enum class Holding { waits, is_calm, is_kept_from };

Holding holding(HoldReason reason) {
  switch (reason) {
    case HoldReason::not_for_long:
    case HoldReason::moving:
    case HoldReason::pacing: return Holding::waits;
    case HoldReason::off:
    case HoldReason::alone:
    case HoldReason::idle:
    case HoldReason::draining:
    case HoldReason::balanced: return Holding::is_calm;
    case HoldReason::alike:
    case HoldReason::swinging:
    case HoldReason::group_limit:
    case HoldReason::none_may_move:
    case HoldReason::nowhere:
    case HoldReason::no_gain: break;
  }
  return Holding::is_kept_from;
}

}  // namespace

bool VerdictFilter::worth_recording(Time now, const Verdict& verdict) {
  const auto* hold = std::get_if<Hold>(&verdict.what);
  if (!hold) {
    told_.clear();
    return acting_ = true;
  }
  const Holding how = holding(hold->reason);
  if (how == Holding::waits) return false;
  if (how == Holding::is_calm) return std::exchange(acting_, false);
  acting_ = true;
  const auto found = told_.find(hold->reason);
  if (found != told_.end() && now - found->second < kHoldTold) return false;
  told_[hold->reason] = now;
  return true;
}

}  // namespace shoal::load
