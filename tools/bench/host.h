// Host: one session of libiscsi, and when its next command is due.
#pragma once

extern "C" {
#include <iscsi/iscsi.h>
}

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shoal::bench {

using Clock = std::chrono::steady_clock;

struct Command;

struct EndSession {
  void operator()(iscsi_context* session) const {
    iscsi_logout_sync(session);
    iscsi_destroy_context(session);
  }
};
using SessionPtr = std::unique_ptr<iscsi_context, EndSession>;

// Logs in; follows redirects, and comes back by itself when its connection is lost. Throws what libiscsi says.
SessionPtr open_session(const std::string& url, const std::string& initiator, int& lun);
std::uint64_t capacity_bytes(iscsi_context* session, int lun);

// How often commands go: as fast as they are answered, or so many a second whatever the answers take.
class Pace {
 public:
  Pace() = default;
  Pace(double per_second, Clock::time_point now) : per_second_(per_second), due_(now) {}

  // The next command may go; then its successor is due. Who is late catches up, but not what a second has missed.
  bool take(Clock::time_point now) {
    if (!per_second_) return true;
    if (*per_second_ <= 0 || now < due_) return false;
    due_ = std::max(due_, now - std::chrono::seconds(1)) +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / *per_second_));
    return true;
  }
  bool has_due() const { return per_second_ && *per_second_ > 0; }
  Clock::time_point due() const { return due_; }

 private:
  std::optional<double> per_second_;  // nullopt: as fast as they are answered; 0: none
  Clock::time_point due_{};
};

struct Host {
  SessionPtr session;
  Pace pace;
  std::vector<Command*> idle;
  std::uint64_t answered = 0, failed = 0;
  std::uint32_t longest_us = 0;  // that a command took, since it was last told
};

}  // namespace shoal::bench
