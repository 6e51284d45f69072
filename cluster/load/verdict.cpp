#include "cluster/load/verdict.h"

namespace shoal::load {

std::string_view to_string(HoldReason reason) {
  switch (reason) {
    case HoldReason::off: return "off";
    case HoldReason::alone: return "alone";
    case HoldReason::idle: return "idle";
    case HoldReason::draining: return "draining";
    case HoldReason::alike: return "alike";
    case HoldReason::balanced: return "balanced";
    case HoldReason::not_for_long: return "not-for-long";
    case HoldReason::swinging: return "swinging";
    case HoldReason::moving: return "moving";
    case HoldReason::pacing: return "pacing";
    case HoldReason::group_limit: return "group-limit";
    case HoldReason::none_may_move: return "none-may-move";
    case HoldReason::nowhere: return "nowhere";
    case HoldReason::no_gain: return "no-gain";
  }
  return "unknown";
}

std::string_view to_string(MoveReason reason) {
  switch (reason) {
    case MoveReason::over_utilised: return "over-utilised";
    case MoveReason::affinity: return "affinity";
    case MoveReason::drain: return "drain";
    case MoveReason::by_hand: return "by-hand";
  }
  return "unknown";
}

std::optional<MoveReason> parse_move_reason(std::string_view text) {
  for (const auto reason : {MoveReason::over_utilised, MoveReason::affinity, MoveReason::drain, MoveReason::by_hand}) {
    if (text == to_string(reason)) return reason;
  }
  return std::nullopt;
}

}  // namespace shoal::load
