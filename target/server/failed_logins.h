// FailedLogins: how often an address may fail to log in. So many times at once, then at that rate a minute; a login
// that begins sooner waits for its turn, and where the wait would be long it is refused for now. What was right is
// never charged, and nobody pays for another address. Pure; time is an argument.
//
// The wait comes before names and secrets are looked at: who guesses learns nothing faster by trying many at once.
#pragma once

#include <map>
#include <optional>

#include "target/base/time.h"
#include "target/server/source_address.h"

namespace shoal::server {

inline constexpr std::size_t kMaxFailedSources = 4096;  // remembered; beyond it the one that is forgiven soonest goes
inline constexpr Duration kMaxLoginWait = 5s;           // open-iscsi gives a login 15 s

class FailedLogins {
 public:
  explicit FailedLogins(unsigned per_minute) : interval_(Duration(60s) / per_minute), burst_(per_minute * interval_) {}

  void failed(const SourceAddress& source, Time now);
  // A login begins. How long it waits, mostly not at all; nullopt: too many wait for that already.
  std::optional<Duration> admit(const SourceAddress& source, Time now);
  std::size_t size() const { return forgiven_.size(); }

 private:
  void forget(Time now);

  const Duration interval_, burst_;
  std::map<SourceAddress, Time> forgiven_;  // when the last of its failures no longer counts
};

}  // namespace shoal::server
