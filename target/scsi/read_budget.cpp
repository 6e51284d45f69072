#include "target/scsi/read_budget.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/scsi/limits.h"

namespace shoal::scsi {

ReadBudget::ReadBudget(std::uint64_t bytes, std::uint64_t sessions)
    : quarter_(bytes / 4), allotted_(std::min(kMaxAllottedReadBytes, quarter_ / sessions)) {}

bool ReadBudget::may_hold(std::uint64_t own, std::uint64_t more) const {
  const std::uint64_t now = beyond_part(own), then = beyond_part(own + more);
  if (then == 0) return true;
  const std::uint64_t room = own == 0 ? 3 * quarter_ : 2 * quarter_;
  return shared_ - now + then + then <= room;
}

void ReadBudget::change(std::uint64_t before, std::uint64_t after) {
  CHECK(held_ >= before && shared_ >= beyond_part(before), held_, shared_, before);
  held_ = held_ - before + after;
  shared_ = shared_ - beyond_part(before) + beyond_part(after);
  if (after >= before || waiting_.empty()) return;
  dropped_ = true;
  tell_waiting();
}

// Those that are told may themselves hold less soon: then all are told again, from here.
void ReadBudget::tell_waiting() {
  if (std::exchange(telling_, true)) return;
  while (std::exchange(dropped_, false)) {
    for (const auto& weak : std::exchange(waiting_, {})) {
      if (const auto waiter = weak.lock()) waiter->on_room();
    }
  }
  telling_ = false;
}

}  // namespace shoal::scsi
