#include "target/iscsi/task_table.h"

#include <algorithm>

#include "target/base/check.h"

namespace shoal::iscsi {

Task& TaskTable::add(InitiatorTaskTag tag, std::uint64_t arrival) {
  if (free_.empty()) {
    CHECK(tasks_.size() < 0xffff);
    free_.push_back(static_cast<std::uint16_t>(tasks_.size()));
    tasks_.emplace_back();
    tags_.push_back(kNoTask);
  }
  const std::uint16_t slot = free_.back();
  free_.pop_back();
  tags_[slot] = tag;
  tasks_[slot].id = TaskId{arrival << 16 | slot};
  return tasks_[slot];
}

void TaskTable::remove(Task& task) {
  const std::uint16_t slot = slot_of(task);
  CHECK(task.id != TaskId{});
  tags_[slot] = kNoTask;
  free_.push_back(slot);
  task = Task{};
}

Task* TaskTable::find(InitiatorTaskTag tag) {
  if (tag == kNoTask) return nullptr;
  const auto found = std::find(tags_.begin(), tags_.end(), tag);
  return found == tags_.end() ? nullptr : &tasks_[static_cast<std::size_t>(found - tags_.begin())];
}

Task* TaskTable::find(TaskId id) {
  const auto slot = static_cast<std::uint16_t>(id.value);
  if (id == TaskId{} || slot >= tasks_.size() || tasks_[slot].id != id) return nullptr;
  return &tasks_[slot];
}

}  // namespace shoal::iscsi
