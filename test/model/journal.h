// What a run did last, for the one who has to understand a difference.
#pragma once

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>

namespace model {

// The target did not do what the model does.
struct Difference : std::runtime_error {
  using runtime_error::runtime_error;
};

class Journal {
 public:
  void note(std::string line) {
    lines_.push_back(std::to_string(++count_) + "  " + std::move(line));
    if (lines_.size() > kKept) lines_.pop_front();
  }
  const std::deque<std::string>& lines() const { return lines_; }
  std::uint64_t count() const { return count_; }

 private:
  static constexpr std::size_t kKept = 30;
  std::deque<std::string> lines_;
  std::uint64_t count_ = 0;
};

}  // namespace model
