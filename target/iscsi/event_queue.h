// EventQueue: events in order, in one flat vector that is reused once it has been emptied.
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
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
  // The commands that nobody has taken yet, in order: they are not in the queue any more.
  std::vector<Command> take_commands() {
    const auto is_command = [](const Event& event) { return std::holds_alternative<CommandReady>(event); };
    const auto first = events_.begin() + static_cast<std::ptrdiff_t>(next_);
    const auto commands = std::stable_partition(first, events_.end(), std::not_fn(is_command));
    std::vector<Command> taken;
    for (auto at = commands; at != events_.end(); ++at) taken.push_back(std::move(std::get<CommandReady>(*at).command));
    events_.erase(commands, events_.end());
    if (next_ == events_.size()) clear();
    return taken;
  }
  bool empty() const { return next_ == events_.size(); }
  void clear() {
    events_.clear();
    next_ = 0;
  }

 private:
  std::vector<Event> events_;
  std::size_t next_ = 0;
};

}  // namespace shoal::iscsi
