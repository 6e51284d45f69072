// LogWriter: writes lines to a descriptor from a thread of its own, so that a reader which has gone, does not read or
// has no room never holds up who logs. Lines keep their order. What waits is bounded (log_queue.h); how many lines were
// dropped is said where they are missing, once there is room.
//
// spdlog makes the lines; its asynchronous logger would not do, since its pool joins its threads at the end, however
// long a write is stuck.
//
// The end waits until all is written, for `patience` at most. A thread that is stuck in a write then outlives its
// writer: nobody can call it back, and it touches nothing but its own state.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "target/base/time.h"

namespace shoal {

inline constexpr std::size_t kMaxWaitingLogBytes = 1 << 20;
inline constexpr Duration kLogPatience = 1s;

class LogWriter {
 public:
  using SayMissing = std::function<std::string(std::uint64_t lines)>;  // a whole line, newline included

  LogWriter(int descriptor, SayMissing say_missing, Duration patience = kLogPatience);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;

  void push(std::string line);  // with its newline; from any thread

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  Duration patience_;
};

}  // namespace shoal
