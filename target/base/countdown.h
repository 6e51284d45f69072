// Countdown: one completion for many. Each part is called once, in any order, now or later; the last one calls `done`.
// Begin with one part of your own and call it when all are given out, so that `done` comes once even if there are none.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "target/base/completion.h"

namespace shoal {

class Countdown {
 public:
  explicit Countdown(Completion<> done) : state_(std::make_shared<State>(State{0, std::move(done)})) {}
  Completion<> part() const {
    ++state_->open;
    return [state = state_] {
      if (--state->open == 0) std::exchange(state->done, {})();
    };
  }

 private:
  struct State {
    std::size_t open;
    Completion<> done;
  };
  std::shared_ptr<State> state_;
};

}  // namespace shoal
