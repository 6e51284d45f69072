// LogQueue: lines that wait to be written, up to a number of bytes. Beyond it the oldest go and are counted; the next
// batch says how many are missing in front of it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace shoal {

class LogQueue {
 public:
  struct Batch {
    std::uint64_t missing = 0;  // lines, in front of the text
    std::string text;
  };

  explicit LogQueue(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  void push(std::string line);  // ends with its newline
  Batch take(std::size_t about_bytes);
  void lost(std::uint64_t lines) { missing_ += lines; }  // taken, and not written
  bool empty() const { return lines_.empty(); }

 private:
  std::string pop();

  const std::size_t most_bytes_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
  std::uint64_t missing_ = 0;
};

}  // namespace shoal
