// A disposable target: one member alone, with volumes made at start and gone at the end. What the command line means,
// what the node is told, and the line that says it is ready; `shoald --ephemeral` runs it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/volume_access.h"
#include "routing/page.h"
#include "target/base/result.h"
#include "tools/node/config.h"

namespace shoal {

inline constexpr std::size_t kMaxEphemeralVolumes = 64;

struct EphemeralVolume {
  std::string name;
  std::uint64_t size_bytes = 0;
  bool operator==(const EphemeralVolume&) const = default;
};

// "scratch:1GiB". The error is one line.
Result<EphemeralVolume, std::string> parse_ephemeral_volume(std::string_view text);

// `store`: folder for what is to outlive memory; empty: memory only.
NodeConfig ephemeral_config(const Endpoint& listen, const std::string& store);

// Body of POST /volumes.
std::string volume_request(const EphemeralVolume& volume, routing::DurabilityPolicy durability,
                           const std::optional<cluster::ChapSettings>& chap = {});

// One line of JSON: portal, IQN and URL of the first volume, pid, and all volumes.
std::string ready_line(const NodeConfig& config, const Endpoint& portal, const std::vector<EphemeralVolume>& volumes,
                       std::int64_t pid);

}  // namespace shoal
