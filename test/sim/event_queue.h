// EventQueue: tasks in the order of (time, number). Numbers are given out by the World and never twice, so that the
// order is total and the same in every run.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <utility>

#include "target/base/completion.h"
#include "target/base/time.h"

namespace shoal::sim {

struct EventKey {
  Time at{};
  std::uint64_t number = 0;
  auto operator<=>(const EventKey&) const = default;
};

class EventQueue {
 public:
  void add(const EventKey& key, Completion<> task) { events_.emplace(key, std::move(task)); }
  void cancel(const EventKey& key) { events_.erase(key); }
  bool empty() const { return events_.empty(); }
  const EventKey& first() const { return events_.begin()->first; }
  Completion<> take_first() { return std::move(events_.extract(events_.begin()).mapped()); }
  // Empties the queue before a task of it is destroyed: what a task owns may look at the queue.
  void clear() { std::exchange(events_, {}).clear(); }

 private:
  std::map<EventKey, Completion<>> events_;
};

}  // namespace shoal::sim
