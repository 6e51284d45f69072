// NodeConfig: everything one member is told at start. From a JSON file (`shoald --config FILE`), where an unknown or wrong key
// refuses to start and is named; README.md documents every key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/redirect_policy.h"
#include "target/base/endpoint.h"
#include "target/base/ids.h"
#include "target/base/log.h"
#include "target/base/result.h"
#include "target/base/time.h"

namespace shoal {

using cluster::RedirectRule;

struct NodeLimits {
  std::size_t connections = 4096;           // iSCSI connections, all portals
  std::size_t half_open = 1024;             // of them not yet logged in; beyond it the oldest of these is closed
  std::size_t commands_per_session = 128;   // command window
};

struct NodeConfig {
  MemberId member{1};
  std::string group = "shoal";
  std::vector<Endpoint> group_portals;      // logins here may be redirected
  std::optional<Endpoint> member_portal;    // the address that redirects to this member name
  std::optional<Endpoint> peer;             // page protocol between members; absent: a single server
  std::optional<Endpoint> control;          // HTTP + JSON
  std::string control_token;                // required where control is not loopback
  std::string group_key;                    // bytes that members prove to each other; required with peer
  std::string store;                        // folder of the file store; empty: memory only
  std::vector<Endpoint> etcd;               // either this
  std::string sqlite;                       // or this (":memory:" for a disposable target)
  std::string iqn_prefix = "iqn.2026-11.io.shoal";
  RedirectRule redirect = RedirectRule::round_robin;
  LogLevel log_level = LogLevel::info;
  Duration page_hold = std::chrono::seconds(7);
  Duration login_timeout = std::chrono::seconds(15);
  Duration ping_interval = std::chrono::seconds(30);   // NOP-In to an idle host
  NodeLimits limits;
};

inline constexpr std::size_t kMinGroupKeyBytes = 16;
inline constexpr std::uint32_t kMaxMemberId = 1023;

// The value or one line: what is wrong, where, and what would be right. Reads the key and token files that it names.
Result<NodeConfig, std::string> parse_config(std::string_view json, const std::string& folder_of_file);
Result<NodeConfig, std::string> load_config(const std::string& path);

// "1GiB", "64 MiB", "512K", "4096" -> bytes; powers of two only. nullopt: not a size.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);  // "1.5 GiB"

}  // namespace shoal
