#include "target/server/session_table.h"

#include <algorithm>

#include "target/server/session_driver.h"

namespace shoal::server {

SessionDriver* SessionTable::serving(const NexusName& nexus) const {
  const auto found = std::ranges::find_if(
      sessions_, [&](const auto& one) { return one.second->serving() && one.second->nexus() == nexus; });
  return found == sessions_.end() ? nullptr : found->second.get();
}

}  // namespace shoal::server
