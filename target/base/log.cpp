#include "target/base/log.h"

#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include <mutex>

#include "target/base/log_writer.h"

namespace shoal {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::trace: return spdlog::level::trace;
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::off: break;
  }
  return spdlog::level::off;
}

// Lines as spdlog makes them.
class StampedLines {
 public:
  std::string line(LogLevel level, std::string_view text) {
    const std::lock_guard lock(mutex_);
    spdlog::memory_buf_t out;
    formatter_.format({"", to_spdlog(level), spdlog::string_view_t(text.data(), text.size())}, out);
    return std::string(out.data(), out.size());
  }

 private:
  std::mutex mutex_;  // the formatter keeps the second that it made last
  spdlog::pattern_formatter formatter_{"%Y-%m-%dT%H:%M:%S.%e%z %l %v"};
};

}  // namespace

Log Log::to_stderr(LogLevel level) {
  const auto stamped = std::make_shared<StampedLines>();
  const auto writer = std::make_shared<LogWriter>(STDERR_FILENO, [stamped](std::uint64_t lines) {
    return stamped->line(LogLevel::warn, fmt::format("log_lines_dropped lines={}", lines));
  });
  return Log(level, [stamped, writer](LogLevel at, std::string_view line) { writer->push(stamped->line(at, line)); });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20 || u >= 0x7f) {
      out += fmt::format("\\x{:02x}", u);
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace shoal
