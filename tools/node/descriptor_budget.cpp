#include "tools/node/descriptor_budget.h"

#include <algorithm>

namespace shoal {
namespace {

constexpr std::size_t kConnectionsPerHalfOpen = 4;  // as in the defaults: strangers leave room for those who log in

}  // namespace

Result<NodeLimits, std::string> fit_to_descriptors(const NodeConfig& config, std::uint64_t descriptors) {
  if (descriptors < kReservedDescriptors + kLeastConnections) {
    return fmt::format(
        "this process may open {} files, and needs {} at least; raise the hard limit (ulimit -Hn, or LimitNOFILE= of "
        "its service)",
        descriptors, kReservedDescriptors + kLeastConnections);
  }
  NodeLimits limits = config.limits;
  const std::size_t room = descriptors - kReservedDescriptors;
  if (limits.connections <= room) return limits;
  limits.connections = room;
  limits.half_open = std::min(limits.half_open, room / kConnectionsPerHalfOpen);
  return limits;
}

}  // namespace shoal
