// Log: transitions, one `event key=value ...` line each, through a logger that was passed in. Copies share the sink.
// Secrets are never arguments. Values with spaces are quoted by the caller with `{:?}`-like care: use quoted().
#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace shoal {

enum class LogLevel { trace, debug, info, warn, error, off };

class Log {
 public:
  using Sink = std::function<void(LogLevel, std::string_view line)>;

  Log() = default;  // says nothing
  Log(LogLevel level, Sink sink) : level_(level), sink_(std::make_shared<Sink>(std::move(sink))) {}
  // Standard error with time stamps, from a thread of its own (log_writer.h).
  static Log to_stderr(LogLevel level);

  bool enabled(LogLevel level) const { return sink_ && level >= level_; }

  template <class... Args>
  void trace(fmt::format_string<Args...> format, Args&&... args) const { say(LogLevel::trace, format, args...); }
  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const { say(LogLevel::debug, format, args...); }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const { say(LogLevel::info, format, args...); }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const { say(LogLevel::warn, format, args...); }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const { say(LogLevel::error, format, args...); }

 private:
  template <class Format, class... Args>
  void say(LogLevel level, const Format& format, const Args&... args) const {
    if (enabled(level)) (*sink_)(level, fmt::vformat(fmt::string_view(format), fmt::make_format_args(args...)));
  }

  LogLevel level_ = LogLevel::off;
  std::shared_ptr<Sink> sink_;
};

// "text" with quotes and control characters escaped: for anything that a peer chose.
std::string quoted(std::string_view text);

}  // namespace shoal
