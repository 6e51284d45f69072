// Once: an answer that is given by whatever comes first, the work or its deadline. What comes later finds it answered.
#pragma once

#include <memory>
#include <utility>

#include "target/base/completion.h"
#include "target/runtime/runtime.h"

namespace shoal {

template <class Answer>
class Once : public std::enable_shared_from_this<Once<Answer>> {
 public:
  static std::shared_ptr<Once> make(Completion<Answer> done) { return std::make_shared<Once>(std::move(done)); }
  explicit Once(Completion<Answer> done) : done_(std::move(done)) {}

  void answer(Answer answer) {
    timer_.reset();
    if (auto done = std::exchange(done_, nullptr)) done(std::move(answer));
  }
  // `late` makes the answer when nothing has come within that time.
  template <class Late>
  void within(Runtime& runtime, Duration time, Late late) {
    if (!done_) return;
    timer_ = runtime.after(
        time, [self = this->shared_from_this(), late = std::move(late)]() mutable { self->answer(late()); });
  }

 private:
  Completion<Answer> done_;
  std::unique_ptr<Timer> timer_;  // holds this, until the answer or the deadline
};

}  // namespace shoal
