// TaskOrder: when a task may start by its attribute (SAM-5 8.7). Task sets are the nexus' own (TST 001), so the tasks
// of one session are all that there are.
//
//   HEAD OF QUEUE  at once
//   ORDERED        when all older tasks have ended, and no HEAD OF QUEUE task runs
//   SIMPLE         when no older ORDERED task waits or runs, and no HEAD OF QUEUE task runs; among themselves in any
//   order
//
// A task without an attribute (untagged) is SIMPLE. The caller keeps those that wait, in the order of their arrival,
// and asks again for each of them, the oldest first, when something has ended.
#pragma once

#include <cstdint>

#include "target/iscsi/pdu.h"

namespace shoal::iscsi {

class TaskOrder {
 public:
  // What waits and is older than the task that is asked about.
  enum class Older : std::uint8_t { none, simple, ordered };  // ordered: at least one of them

  bool may_start(TaskAttribute attribute, Older waiting) const {
    switch (attribute) {
      case TaskAttribute::head_of_queue: return true;
      case TaskAttribute::ordered: return waiting == Older::none && running_ == 0;
      default: return waiting != Older::ordered && running_ordered_ == 0 && running_head_ == 0;
    }
  }
  void started(TaskAttribute attribute) { count(attribute, 1); }
  void ended(TaskAttribute attribute) { count(attribute, -1); }

 private:
  void count(TaskAttribute attribute, int change) {
    running_ += change;
    if (attribute == TaskAttribute::ordered) running_ordered_ += change;
    if (attribute == TaskAttribute::head_of_queue) running_head_ += change;
  }

  int running_ = 0;
  int running_ordered_ = 0;  // one at most, and then nothing older runs
  int running_head_ = 0;
};

}  // namespace shoal::iscsi
