#include "target/runtime/run_queue.h"

#include <boost/asio/post.hpp>

namespace shoal {
namespace {
// Tasks that queue tasks run on at once, but not for ever: after so many rounds the sockets are looked at again.
constexpr int kRoundsPerTurn = 8;
}  // namespace

void RunQueue::post(Completion<> task) {
  queued_.push_back(std::move(task));
  wake();
}

void RunQueue::wake() {
  if (!scheduled_) schedule();
}

void RunQueue::schedule() {
  scheduled_ = true;
  boost::asio::post(context_, [this] { turn(); });
}

void RunQueue::turn() {
  for (int round = 0; round < kRoundsPerTurn; ++round) {
    run_queued();
    const bool progress = turn_end_ && turn_end_();
    if (queued_.empty() && !progress) {
      scheduled_ = false;
      return;
    }
  }
  schedule();
}

void RunQueue::run_queued() {
  running_.swap(queued_);
  for (Completion<>& task : running_) {
    Completion<> current = std::move(task);  // what it owns ends with it, not with the round
    current();
  }
  running_.clear();
}

void RunQueue::clear() {
  while (!queued_.empty()) {
    const std::vector<Completion<>> dropped = std::exchange(queued_, {});
  }
}

}  // namespace shoal
