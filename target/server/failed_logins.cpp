#include "target/server/failed_logins.h"

#include <algorithm>

namespace shoal::server {

void FailedLogins::failed(const SourceAddress& source, Time now) {
  if (!forgiven_.contains(source) && forgiven_.size() >= kMaxFailedSources) forget(now);
  Time& forgiven = forgiven_.try_emplace(source, now).first->second;
  // Those that began together when nobody had failed yet are not held against the address for long.
  forgiven = std::min(std::max(forgiven, now) + interval_, now + burst_ + kMaxLoginWait);
}

std::optional<Duration> FailedLogins::admit(const SourceAddress& source, Time now) {
  const auto found = forgiven_.find(source);
  if (found == forgiven_.end()) return Duration::zero();
  Time& forgiven = found->second;
  const Duration wait = forgiven + interval_ - burst_ - now;
  if (wait <= Duration::zero()) return Duration::zero();
  if (wait > kMaxLoginWait) return std::nullopt;
  forgiven += interval_;  // its turn is taken
  return wait;
}

void FailedLogins::forget(Time now) {
  std::erase_if(forgiven_, [&](const auto& one) { return one.second <= now; });
  if (forgiven_.size() < kMaxFailedSources) return;
  forgiven_.erase(std::ranges::min_element(forgiven_, {}, [](const auto& one) { return one.second; }));
}

}  // namespace shoal::server
