// What SendTargets answers as addresses: the portal that was asked, then the group portals of this member in other
// fabrics. Never a member portal nor another member's portal: a host must not see one disk several times.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "target/base/endpoint.h"

namespace shoal {

bool is_wildcard(const Endpoint& endpoint);  // listens at every address

// "host:port,tag". `asked`: the address that the host connected to.
std::vector<std::string> listed_portals(const Endpoint& asked, const std::vector<Endpoint>& group_portals,
                                        const std::optional<Endpoint>& member_portal);

}  // namespace shoal
