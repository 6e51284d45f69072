#include "cluster/redirected_logins.h"

#include <algorithm>
#include <vector>

namespace shoal::cluster {

void RedirectedLogins::learn(const NexusName& name, Time now, const InUse& in_use) {
  told_[name] = now;
  if (told_.size() <= clean_at_) return;
  clean(now, in_use);
  clean_at_ = std::max(kRemembered, 2 * told_.size());  // so that cleaning costs little for each that is learned
}

void RedirectedLogins::clean(Time now, const InUse& in_use) {
  constexpr std::size_t kLeft = kMostRemembered / 2;  // twice that is when it is cleaned again
  std::erase_if(told_, [&](const auto& told) { return now - told.second > kLoginWithin && !in_use(told.first); });
  if (told_.size() > kLeft) forget_oldest(told_.size() - kLeft, in_use);
}

void RedirectedLogins::forget_oldest(std::size_t count, const InUse& in_use) {
  std::vector<std::map<NexusName, Time>::iterator> unused;
  for (auto told = told_.begin(); told != told_.end(); ++told) {
    if (!in_use(told->first)) unused.push_back(told);
  }
  std::ranges::stable_sort(unused, {}, [](const auto& told) { return told->second; });
  unused.resize(std::min(count, unused.size()));
  for (const auto& told : unused) told_.erase(told);
}

bool RedirectedLogins::covers(const NexusName& name, Time since) const {
  const auto found = told_.find(name);
  return found != told_.end() && found->second >= since - kLoginWithin;
}

}  // namespace shoal::cluster
