// Pace: all that is asked for at one gate together is answered at most so many times a second, in order. What is ahead
// of its time waits.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "target/base/completion.h"
#include "target/runtime/runtime.h"

namespace shoal {

inline constexpr Duration kBurst = 100ms;  // of a time when nothing was asked for, so much may be caught up with

class Pace {
 public:
  explicit Pace(Runtime& runtime) : runtime_(runtime) {}

  // Nothing: no limit. What waits is let go at the pace that is set now.
  void set(std::optional<double> per_second);
  void pass(Completion<> then);
  void let_all_go();

 private:
  void arm();
  void let_go();

  Runtime& runtime_;
  std::optional<Duration> gap_;  // between two answers
  Time next_{};                  // when the next answer may be given
  std::deque<Completion<>> waiting_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace shoal
