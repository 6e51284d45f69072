#include "cluster/redirected_logins.h"

#include <algorithm>

namespace shoal::cluster {

void RedirectedLogins::learn(const NexusName& name, Time now, const std::function<bool(const NexusName&)>& in_use) {
  told_[name] = now;
  if (told_.size() <= clean_at_) return;
  std::erase_if(told_, [&](const auto& told) { return now - told.second > kLoginWithin && !in_use(told.first); });
  clean_at_ = std::max(kRemembered, 2 * told_.size());  // so that cleaning costs little for each that is learned
}

bool RedirectedLogins::covers(const NexusName& name, Time since) const {
  const auto found = told_.find(name);
  return found != told_.end() && found->second >= since - kLoginWithin;
}

}  // namespace shoal::cluster
