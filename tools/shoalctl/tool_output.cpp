#include "tools/shoalctl/tool_output.h"

#include <fmt/format.h>

#include <charconv>

namespace shoal {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

// "(12.50/100%)"
std::optional<double> percent_in(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('(') || !line.ends_with("/100%)")) return std::nullopt;
  double percent = 0;
  const auto [end, error] = std::from_chars(line.data() + 1, line.data() + line.size(), percent);
  if (error != std::errc() || *end != '/' || !(percent >= 0 && percent <= 100)) return std::nullopt;
  return percent;
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : trimmed(text)) line += c == '\n' || c == '\r' ? ' ' : c;
  return line;
}

}  // namespace

std::optional<double> ToolText::take(std::string_view bytes) {
  std::optional<double> newest;
  for (const char c : bytes) {
    if (text_.size() + line_.size() < kMaxToolTextBytes) line_ += c;
    if (c != '\r' && c != '\n') continue;
    const auto percent = percent_in(line_);
    if (percent) newest = percent;
    if (!percent) text_ += line_;
    line_.clear();
  }
  return newest;
}

std::string ProgressText::begin(const std::string& title) {
  title_ = title;
  shown_ = 0;
  return terminal_ ? fmt::format("\r\x1b[K{}", title_) : title_ + "\n";
}

std::string ProgressText::percent(double percent) {
  const int now = static_cast<int>(percent), step = terminal_ ? 1 : 10;
  if (now / step <= shown_ / step) return {};
  shown_ = now;
  return terminal_ ? fmt::format("\r\x1b[K{} {} %", title_, now) : fmt::format("{} {} %\n", title_, now);
}

std::string ProgressText::end() { return terminal_ ? "\r\x1b[K" : ""; }

std::string tool_failure(const ToolStep& step, int status, const std::string& output, const std::string& errors) {
  if (errors.find("Unknown driver 'iscsi'") != std::string::npos) {
    return fmt::format("{} of this machine cannot reach iSCSI: apt-get install qemu-block-extra", step.program);
  }
  const std::string said = one_line(errors.empty() ? output : errors);
  return fmt::format("{}: {}", step.title, said.empty() ? fmt::format("{} ended with {}", step.program, status) : said);
}

std::string tool_missing(const std::string& program) {
  return fmt::format("{} is not installed: apt-get install qemu-utils qemu-block-extra", program);
}

}  // namespace shoal
