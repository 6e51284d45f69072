#include "target/scsi/read_budget.h"

#include <utility>

#include "target/base/check.h"

namespace shoal::scsi {

bool ReadBudget::may_hold(std::uint64_t own, std::uint64_t more) const {
  if (own == 0) return held_ + more <= bytes_;
  return own + more + held_ + more <= bytes_ / 2;
}

void ReadBudget::change(std::uint64_t before, std::uint64_t after) {
  CHECK(held_ >= before, held_, before);
  held_ = held_ - before + after;
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
