// EventQueue: events in order, in one flat vector that is reused once it has been emptied.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "target/iscsi/events.h"

namespace shoal::iscsi {

class EventQueue {
 public:
  template <class E>
  void push(E&& event) {
    events_.emplace_back(std::forward<E>(event));
  }
  std::optional<Event> pop() {
    if (next_ == events_.size()) return std::nullopt;
    std::optional<Event> event(std::move(events_[next_++]));
    if (next_ == events_.size()) clear();
    return event;
  }
  void clear() {
    events_.clear();
    next_ = 0;
  }

 private:
  std::vector<Event> events_;
  std::size_t next_ = 0;
};

}  // namespace shoal::iscsi
