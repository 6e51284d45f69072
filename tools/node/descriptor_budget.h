// What a member does with the descriptors that its process may have: page files and a reserve come first, the rest is
// for connections of hosts. So strangers who connect never take the descriptor that a page's file needs. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "target/base/result.h"
#include "tools/node/config.h"

namespace shoal {

// Members, the metadata store, hosts that are about to be refused, control connections, what the runtime has.
inline constexpr std::uint64_t kReservedDescriptors = 256;
inline constexpr std::uint64_t kLeastConnections = 16;

// The limits as they are, or lowered to what fits; where next to nothing fits, one line for people.
Result<NodeLimits, std::string> fit_to_descriptors(const NodeConfig& config, std::uint64_t descriptors);

}  // namespace shoal
