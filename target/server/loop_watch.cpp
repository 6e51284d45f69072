#include "target/server/loop_watch.h"

#include <utility>

namespace shoal::server {

void LoopWatch::start() {
  if (timer_) return;
  alive_ = runtime_.now();
  beat();
}

void LoopWatch::beat() {
  timer_ = runtime_.after(kBeat, [this] {
    check();
    if (timer_) beat();
  });
}

bool LoopWatch::check() {
  const Time now = runtime_.now();
  const Duration silent = now - std::exchange(alive_, now);
  if (silent <= standstill_) return true;
  stood_still_(silent);
  return false;
}

}  // namespace shoal::server
