#include "tools/node/pace.h"

#include <algorithm>
#include <utility>

namespace shoal {

void Pace::set(std::optional<double> per_second) {
  gap_.reset();
  if (per_second) gap_ = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1.0 / *per_second));
  next_ = runtime_.now();
  if (!waiting_.empty()) arm();
}

void Pace::pass(Completion<> then) {
  if (!gap_) return then();
  waiting_.push_back(std::move(then));
  if (!timer_) arm();
}

void Pace::let_all_go() {
  timer_.reset();
  for (auto& then : std::exchange(waiting_, {})) then();
}

void Pace::arm() {
  timer_ = runtime_.after(std::max<Duration>(next_ - runtime_.now(), Duration::zero()), [this] { let_go(); });
}

// A timer that fires late lets go of all whose time has come. Who was let go may ask again at once.
void Pace::let_go() {
  timer_.reset();
  const Time now = runtime_.now();
  next_ = std::max(next_, now - kBurst);
  while (!waiting_.empty() && (!gap_ || next_ <= now)) {
    if (gap_) next_ += *gap_;
    auto then = std::move(waiting_.front());
    waiting_.pop_front();
    then();
  }
  if (!waiting_.empty() && !timer_) arm();
}

}  // namespace shoal
