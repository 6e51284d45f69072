#include "routing/page_task.h"

#include "target/base/check.h"

namespace shoal::routing {

PageTask& PageTaskPool::take() {
  const std::uint32_t index = next_index();
  if (free_.empty()) {
    tasks_.emplace_back().index = index;
  } else {
    free_.pop_back();
  }
  PageTask& task = tasks_[index];
  CHECK(task.state == PageTask::State::free, index);
  task.serial = ++last_serial_;
  task.compared = false;
  return task;
}

void PageTaskPool::give_back(PageTask& task) {
  CHECK(task.state != PageTask::State::free, task.index);
  task.state = PageTask::State::free;
  free_.push_back(task.index);
}

}  // namespace shoal::routing
