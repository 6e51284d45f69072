// What qemu's programs print, and what is shown of it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/shoalctl/image_steps.h"

namespace shoal {

inline constexpr std::size_t kMaxToolTextBytes = 1024 * 1024;  // of one program; what is beyond is not kept

// Tells progress, "    (12.50/100%)\r", from all else that a program prints.
class ToolText {
 public:
  // The newest percentage in it, if there is one.
  std::optional<double> take(std::string_view bytes);
  std::string text() const { return text_ + line_; }  // without the progress

 private:
  std::string line_, text_;
};

// For a terminal one line that changes; else a line for every ten percent.
class ProgressText {
 public:
  explicit ProgressText(bool terminal) : terminal_(terminal) {}

  // Each gives what is to be printed now.
  std::string begin(const std::string& title);
  std::string percent(double percent);
  std::string end();

 private:
  bool terminal_;
  std::string title_;
  int shown_ = 0;  // percent
};

// One line for people about a step that has failed; `status`: what the program ended with.
std::string tool_failure(const ToolStep& step, int status, const std::string& output, const std::string& errors);
std::string tool_missing(const std::string& program);

}  // namespace shoal
