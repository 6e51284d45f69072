#include "target/scsi/unit_attentions.h"

#include <algorithm>

#include "target/scsi/limits.h"
#include "target/scsi/mode_pages.h"
#include "target/unit/attentions.h"

namespace shoal::scsi {

namespace {
// SAM-5 table 50: power on and resets by their reach, then loss of the nexus, then everything else.
int rank(const UnitAttention& attention) {
  constexpr std::uint8_t kPowerOnOrReset = 0x29;
  constexpr int kLast = 0x100;
  return attention.asc == kPowerOnOrReset ? attention.ascq : kLast;
}
}  // namespace

// About a threshold, the information is where the mode page of logical block provisioning has it.
Sense sense_of(const UnitAttention& attention) {
  Sense sense{SenseKey::unit_attention, attention.asc, attention.ascq};
  if (attention == unit::kSoftThresholdReached) sense.information = kThresholdDescriptorByte;
  return sense;
}

void UnitAttentions::raise(UnitAttention attention) {
  if (std::find(waiting_.begin(), waiting_.end(), attention) != waiting_.end()) return;
  const auto behind = std::find_if(waiting_.begin(), waiting_.end(),
                                   [&](const UnitAttention& other) { return rank(attention) < rank(other); });
  waiting_.insert(behind, attention);
  if (waiting_.size() > kMaxUnitAttentions) waiting_.pop_back();
}

std::optional<UnitAttention> UnitAttentions::take() {
  if (waiting_.empty()) return std::nullopt;
  const UnitAttention first = waiting_.front();
  waiting_.erase(waiting_.begin());
  return first;
}

}  // namespace shoal::scsi
