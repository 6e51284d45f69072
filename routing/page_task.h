// PageTask: one request that a shard has let through, until it is answered. Tasks live in a pool: what stands at an
// index changes, the serial tells whether it is still the one that was meant.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "routing/page.h"
#include "routing/page_store.h"
#include "routing/range_lock.h"

namespace shoal::routing {

enum class Asker : std::uint8_t { session, peer };

struct PageTask : RangeTicket {
  // waiting: for its range, or (flush) for the mutations before it; only then, or keeping, it can be cancelled.
  // granted: has its range and is started next.
  // keeping: has compared and is answered; nothing runs, but its range is kept for the next request of its operation.
  enum class State : std::uint8_t { free, waiting, granted, running, keeping } state = State::free;
  bool durable = false;   // what it changes is to be on the device before it is answered
  bool compared = false;  // has its range from one that was keeping it
  Asker asker = Asker::session;
  std::uint32_t index = 0;
  std::uint64_t serial = 0;
  PageStore* store = nullptr;
  PageRequest request;
  Completion<PageResult> done;
  std::vector<Completion<PageResult>> joined;  // of repeats
};

class PageTaskPool {
 public:
  std::uint32_t next_index() const { return free_.empty() ? static_cast<std::uint32_t>(tasks_.size()) : free_.back(); }

  PageTask& take();
  void give_back(PageTask& task);
  PageTask& operator[](std::uint32_t index) { return tasks_[index]; }
  std::uint64_t last_serial() const { return last_serial_; }

  // Visits each task that is not free. `visit` neither takes nor gives back.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (PageTask& task : tasks_) {
      if (task.state != PageTask::State::free) visit(task);
    }
  }

 private:
  std::deque<PageTask> tasks_;  // addresses stay
  std::vector<std::uint32_t> free_;
  std::uint64_t last_serial_ = 0;
};

}  // namespace shoal::routing
