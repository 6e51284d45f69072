// The target portal group (RFC 7143 4.4). All portals of all members are in one, so that a host sees one target port,
// and one disk, wherever its session is.
#pragma once

#include <cstdint>

namespace shoal {

inline constexpr std::uint16_t kPortalGroupTag = 1;

}  // namespace shoal
