#include "tools/node/portal_listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "target/ports/portal_group.h"

namespace shoal {

std::vector<std::string> listed_portals(const Endpoint& asked, const std::vector<Endpoint>& group_portals,
                                        const std::optional<Endpoint>& member_portal) {
  std::vector<Endpoint> portals;
  const auto add = [&](const Endpoint& portal) {
    if (std::find(portals.begin(), portals.end(), portal) == portals.end()) portals.push_back(portal);
  };
  if (asked != member_portal) add(asked);
  for (const Endpoint& portal : group_portals) add(portal.is_any() ? Endpoint{asked.host, portal.port} : portal);
  std::vector<std::string> listed;
  for (const Endpoint& portal : portals) listed.push_back(fmt::format("{},{}", portal.to_string(), kPortalGroupTag));
  return listed;
}

}  // namespace shoal
