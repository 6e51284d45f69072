#include "cluster/ignored_redirects.h"

#include <algorithm>

namespace shoal::cluster {

bool IgnoredRedirects::may_redirect(const NexusName& name, const std::string& peer, std::uint32_t epoch, Time now) {
  make_room(now);
  Redirects& host = hosts_[{name, peer}];
  if (host.epoch != epoch) host = {.epoch = epoch};
  if (host.count == kMostRedirects) {
    if (now - host.times.front() <= kWindow) {
      ++ignored_;
      return false;
    }
    std::rotate(host.times.begin(), host.times.begin() + 1, host.times.end());
    --host.count;
  }
  host.times[host.count++] = now;
  return true;
}

// Who is forgotten is redirected once more: that is safe.
void IgnoredRedirects::make_room(Time now) {
  if (hosts_.size() < kMaxHosts) return;
  std::erase_if(hosts_, [&](const auto& host) { return now - host.second.times[host.second.count - 1] > kWindow; });
  if (hosts_.size() >= kMaxHosts) hosts_.clear();
}

}  // namespace shoal::cluster
