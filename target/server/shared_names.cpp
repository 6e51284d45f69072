#include "target/server/shared_names.h"

#include <algorithm>

namespace shoal::server {

SharedNames::Verdict SharedNames::on_takeover(const NexusName& nexus, const std::string& holder,
                                              const std::string& peer, Time now) {
  if (holder == peer) return {};
  Name& name = name_of(nexus, now);
  name.latest = now;
  if (++name.takeovers < kTakeovers) return {};
  const bool first = name.takeovers == kTakeovers;
  const bool warn = first || now - name.warned >= kWindow;
  if (warn) name.warned = now;
  return {.refuse = true, .warn = warn};
}

SharedNames::Name& SharedNames::name_of(const NexusName& nexus, Time now) {
  const auto is_over = [&](const Name& name) { return now - name.latest >= kWindow; };
  if (const auto known = names_.find(nexus); known != names_.end()) {
    if (is_over(known->second)) known->second = {};
    return known->second;
  }
  std::erase_if(names_, [&](const auto& one) { return is_over(one.second); });
  if (names_.size() >= kMaxNames) {
    names_.erase(std::ranges::min_element(names_, {}, [](const auto& one) { return one.second.latest; }));
  }
  return names_[nexus];
}

}  // namespace shoal::server
