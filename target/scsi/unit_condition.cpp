#include "target/scsi/unit_condition.h"

namespace shoal::scsi {

namespace {
Sense in_progress(Sense sense, const LogicalUnit& unit) {
  sense.progress = unit.progress;
  return sense;
}
}  // namespace

std::optional<Sense> not_ready_sense(const LogicalUnit& unit) {
  switch (unit.state->view().condition) {
    case UnitCondition::ready: return std::nullopt;
    case UnitCondition::formatting: return in_progress(sense::kFormatInProgress, unit);
    case UnitCondition::sanitizing: return in_progress(sense::kSanitizeInProgress, unit);
    case UnitCondition::format_failed: return sense::kFormatFailed;
    case UnitCondition::format_corrupted: return sense::kFormatCorrupted;
    case UnitCondition::sanitize_failed_exit_allowed:
    case UnitCondition::sanitize_failed: return sense::kSanitizeFailed;
  }
  return std::nullopt;
}

}  // namespace shoal::scsi
