// TaskTable: the tasks of a session that are not answered yet, in flat memory that is reused. Found by initiator task
// tag (a scan of numbers that lie side by side: there are at most a window's worth) or by TaskId.
#pragma once

#include <cstdint>
#include <vector>

#include "target/iscsi/task.h"
#include "target/iscsi/transfer.h"

namespace shoal::iscsi {

struct Task {
  TaskId id;               // 0: free
  bool delivered = false;  // the driver has it
  CmdSn cmd_sn;
  Command command;  // its slices have gone once it is delivered
  WriteTransfer transfer;
  std::uint32_t claimed_bytes = 0;  // counted in the session's sum

  bool executes() const { return delivered && transfer.fault() == DataFault::none; }  // SCSI has it
  std::uint64_t arrival() const { return id.value >> 16; }
};

class TaskTable {
 public:
  // `arrival` counts up and makes the TaskId unique. References to tasks last until the next add().
  Task& add(InitiatorTaskTag tag, std::uint64_t arrival);
  void remove(Task& task);
  Task* find(InitiatorTaskTag tag);
  Task* find(TaskId id);
  Task& at(std::uint16_t slot) { return tasks_[slot]; }
  static std::uint16_t slot_of(const Task& task) { return static_cast<std::uint16_t>(task.id.value); }

  // Gives back what a burst has grown, if nothing is in it.
  void trim() {
    if (size() == 0) *this = {};
  }

  std::size_t size() const { return tasks_.size() - free_.size(); }
  template <class F>
  void for_each(F f) {  // in no order that means anything
    for (Task& task : tasks_) {
      if (task.id != TaskId{}) f(task);
    }
  }

 private:
  std::vector<Task> tasks_;
  std::vector<InitiatorTaskTag> tags_;  // of tasks_, kNoTask where free
  std::vector<std::uint16_t> free_;
};

}  // namespace shoal::iscsi
