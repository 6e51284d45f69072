// LoginWatch: how long one login took, and how much of that was ours: the sum of the times from each PDU of the host to
// our answer. The rest is the host's and the network's. One line in the log when it is over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "target/base/log.h"
#include "target/base/monotonic_ms.h"
#include "target/base/time.h"

namespace shoal::server {

class LoginWatch {
 public:
  explicit LoginWatch(Time accepted) : accepted_(accepted) {}

  bool over() const { return over_; }
  void heard(Time now) {
    if (!asked_) asked_ = now;
  }
  void names(const std::string& initiator, std::uint64_t isid) { initiator_ = initiator, isid_ = isid; }
  void answered(Time now) {
    if (asked_) own_ += now - *asked_;
    asked_.reset();
  }
  Duration own() const { return own_; }
  // Its last answer is on its way.
  void end(const char* outcome, Time now, const Log& log) {
    over_ = true;
    if (initiator_.empty()) return;  // nobody of whom anything is known
    log.info("login_over outcome={} initiator={} isid={:012x} accepted_ms={} answered_ms={} own_us={}", outcome,
             quoted(initiator_), isid_, monotonic_ms(accepted_), monotonic_ms(now),
             std::chrono::duration_cast<std::chrono::microseconds>(own_).count());
    initiator_ = {};
  }

 private:
  Time accepted_;
  std::optional<Time> asked_;
  Duration own_{};
  std::string initiator_;
  std::uint64_t isid_ = 0;
  bool over_ = false;
};

}  // namespace shoal::server
