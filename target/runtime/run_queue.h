// RunQueue: what runs soon on the thread of an io_context, in order, without an allocation per task. All that is queued
// while one pass of ready sockets is handled runs in one turn after that pass; then the end of the turn (submission of
// file operations) is told.
#pragma once

#include <boost/asio/io_context.hpp>
#include <vector>

#include "target/base/completion.h"

namespace shoal {

class RunQueue {
 public:
  explicit RunQueue(boost::asio::io_context& context) : context_(context) {}
  RunQueue(const RunQueue&) = delete;

  void post(Completion<> task);
  void wake();  // a turn will come, even without tasks
  // Called at the end of every round of a turn; true: it has called completions, which may have queued tasks.
  void at_turn_end(UniqueFunction<bool()> hook) { turn_end_ = std::move(hook); }
  void clear();  // tasks that have not run are destroyed

 private:
  void schedule();
  void turn();
  void run_queued();

  boost::asio::io_context& context_;
  std::vector<Completion<>> queued_, running_;
  UniqueFunction<bool()> turn_end_;
  bool scheduled_ = false;
};

}  // namespace shoal
