// Values: what one thing (a block, a promise, a fence) may be after a crash: what the newest durable operation made of
// it, or what any later one made. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace shoal::crash {

using OperationNumber = std::uint64_t;  // counts up; 0: what was there at the beginning

template <class T>
class Values {
 public:
  Values() : values_{{0, T{}, true}} {}

  // `change` makes the new value of the old one. Where the outcome of an earlier operation is not known, there are
  // several of both.
  template <class Change>
  void ask(OperationNumber operation, Change change) {
    const std::size_t known = values_.size();
    for (std::size_t i = newest_answered(); i < known; ++i) {
      T value = values_[i].value;
      change(value);
      values_.push_back({operation, std::move(value), false});
    }
  }
  void answered(OperationNumber operation) {
    for (Value& each : values_) each.answered = each.answered || each.by == operation;
  }
  void hardened(OperationNumber operation) {
    const auto found = std::ranges::find(values_, operation, &Value::by);
    if (found != values_.end()) values_.erase(values_.begin(), found);
  }
  // Whoever read this will not read anything older.
  void observed(const T& value) { values_ = {{0, value, true}}; }

  // What was answered and is not durable may be gone.
  void power_lost() {
    for (Value& each : values_) each.answered = each.by == values_.front().by;
  }

  bool shows(const T& value) const { return contains(newest_answered(), value); }
  bool is_surely(const T& value) const {
    return std::ranges::all_of(values_, [&](const Value& each) { return each.value == value; });
  }
  const T& newest() const { return values_.back().value; }
  const T& oldest() const { return values_.front().value; }

 private:
  struct Value {
    OperationNumber by;
    T value;
    bool answered;
  };

  bool contains(std::size_t from, const T& value) const {
    return std::find_if(values_.begin() + static_cast<std::ptrdiff_t>(from), values_.end(),
                        [&](const Value& each) { return each.value == value; }) != values_.end();
  }
  std::size_t newest_answered() const {
    const auto found = std::find_if(values_.rbegin(), values_.rend(), [](const Value& each) { return each.answered; });
    const auto first = std::ranges::find(values_, found->by, &Value::by);
    return static_cast<std::size_t>(first - values_.begin());
  }

  std::vector<Value> values_;
};

}  // namespace shoal::crash
