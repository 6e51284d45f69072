// BoundedRun: many asynchronous tasks, a few at a time. Completes when all have ended: with the first error, if there
// was one, but a shortage hides no other. Its tasks keep it alive. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "target/base/completion.h"
#include "target/base/result.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

class BoundedRun : public std::enable_shared_from_this<BoundedRun> {
  struct Private {};

 public:
  using Done = Completion<Result<void, FileError>>;
  using Task = UniqueFunction<void(Done)>;

  static void start(std::vector<Task> tasks, std::size_t limit, Done done) {
    std::make_shared<BoundedRun>(Private{}, std::move(tasks), limit, std::move(done))->pump();
  }

  BoundedRun(Private, std::vector<Task> tasks, std::size_t limit, Done done)
      : tasks_(std::move(tasks)), limit_(limit), done_(std::move(done)) {}

 private:
  void pump() {
    if (std::exchange(pumping_, true)) return;
    while (next_ < tasks_.size() && running_ < limit_) {
      ++running_;
      Task task = std::move(tasks_[next_++]);
      task([self = shared_from_this()](Result<void, FileError> result) { self->ended(result); });
    }
    pumping_ = false;
    if (running_ == 0 && next_ == tasks_.size() && done_) std::exchange(done_, nullptr)(result_);
  }

  void ended(const Result<void, FileError>& result) {
    if (!result && (result_ || result_.error() == FileError::no_resources)) result_ = result;
    --running_;
    pump();
  }

  std::vector<Task> tasks_;
  std::size_t limit_, next_ = 0, running_ = 0;
  bool pumping_ = false;
  Result<void, FileError> result_;
  Done done_;
};

}  // namespace shoal::routing
