// NodeConfig: everything one member is told at start. From a JSON file (`shoald --config FILE`, comments allowed),
// where an unknown or wrong key refuses to start and is named.
//
//   key                          value, [default]
//   member                       1 to 1023 [1]; unique in the group
//   group                        name of the group [shoal]: a-z, 0-9, '.', '-'
//   group_portals                list of ADDRESS:PORT that hosts know, one a fabric; required. Logins may be redirected
//   member_portal                ADDRESS:PORT that redirects to this member name; required with "peer". Neither this
//   nor
//                                "peer" may be 0.0.0.0, [::] or port 0: others are told them
//   peer                         ADDRESS:PORT for the other members; required with etcd, not possible with SQLite
//   control                      ADDRESS:PORT for HTTP: shoalctl and /metrics [none]
//   control_token_file           file with the token of "control"; required where that is not a loopback address
//   group_key_file               file of 16 bytes or more that all members share; required with "peer"
//   store                        file, made where it is absent, or block device: the page store [none: memory only]
//   metadata.etcd                list of ADDRESS:PORT of an etcd: a group. Either this
//   metadata.sqlite              or this, a file: a single server
//   iqn_prefix                   [iqn.2026-11.io.shoal]; targets are PREFIX:VOLUME, the same on all members
//   redirect                     where logins at the group portals go: least-loaded, round-robin, weighted or affinity
//                                until `shoalctl load policy` says it for the group; none: served where they come,
//                                whatever the group says [least-loaded]
//   redirect_after_chap          [false]; true: of a volume with CHAP the address is told after it
//   denied_login                 not-found or not-authorised [not-found]: the answer to whom a volume's lists do not
//                                allow
//   discovery_chap               {user, secret_file, mutual_user, mutual_secret_file}: what SendTargets asks for
//                                [none]. The files are read when they are needed
//   space_threshold_percent      1 to 99 [80]; when so much of a store here is used, every host of a volume on it is
//                                told (UNIT ATTENTION 38/07)
//   scrub_interval_days          0 to 3650 [30]; from the end of one reading of the whole store to the next, the first
//                                an hour after the start; 0: only when `shoalctl store scrub start` says so
//   log_level                    trace, debug, info, warn, error or off [info]
//   page_hold_s                  0 to 7 [7]; commands wait so long for a silent member before NOT READY
//   login_timeout_s              1 to 15 [15]
//   ping_interval_s              1 to 3600 [30]; NOP-In to a host that is idle for so long
//   limits.connections           1 to 1000000 [4096]; iSCSI connections, all portals; fewer where the process may open
//                                too few files
//   limits.sessions              1 to 1000000 [2048]; beyond it a login is answered 0302
//   limits.half_open             1 to 1000000 [1024]; connections not yet logged in, or for discovery; beyond it the
//                                address that has most of them loses the one that has made no progress for longest
//   limits.half_open_per_address 1 to 1000000 [256]; of them, from one IPv4 address or one /64 of IPv6
//   limits.login_bytes           65536 to 2^32 [32 MiB]; received from them and not dealt with
//   limits.login_bytes_per_address  65536 to 2^32 [8 MiB]; of these
//   limits.failed_logins_per_minute  1 to 1000000 [60]; of one address; then its logins wait up to 5 s, or get 0302
//   limits.commands_per_session  1 to 4096 [128]; command window
//   limits.write_bytes_per_session  1 MiB to 2^32 [32 MiB]; write data asked for or held; the rest is asked for later
//   limits.held_read_bytes       96 MiB to 2^32 [512 MiB]; read and not yet taken by hosts; one session alone comes to
//                                a quarter of it, and a quarter is allotted to limits.sessions (scsi/read_budget.h)
//   limits.held_write_bytes      64 MiB to 2^32 [512 MiB]; write data asked for or held, of all sessions: who has more
//                                than he leaves to others is asked for no more, and what he sends unasked ends with
//                                TASK SET FULL
//   limits.memory_store_bytes    1048576 or more [half of the machine's memory]; data of volumes in memory, then full
//   limits.store_bytes           64 MiB or more [none]; that a store in a file grows to
//   limits.store_journal_bytes   1 MiB to 4 GiB [64 MiB]; of a store that is made. A file grows by as much at a time
//   limits.store_cache_bytes     1 MiB or more [512 MiB]; for the store's metadata
//   limits.scrub_bytes_per_second  65536 to 2^32 [32 MiB]; of such a reading, less what hosts move
//
// Paths that are not absolute begin at the folder of the configuration.
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

using cluster::LoginRules;

struct NodeLimits {
  std::size_t connections = 4096;  // iSCSI connections, all portals
  std::size_t sessions = 2048;
  std::size_t half_open = 1024;  // connections not yet logged in
  std::size_t half_open_per_address = 256;
  std::size_t login_bytes = 32u << 20;  // held for them
  std::size_t login_bytes_per_address = 8u << 20;
  std::size_t failed_logins_per_minute = 60;  // of one address
  std::size_t commands_per_session = 128;     // command window
  std::size_t write_bytes_per_session = 32u << 20;
  std::size_t held_read_bytes = 512u << 20;         // of all sessions
  std::size_t held_write_bytes = 512u << 20;        // likewise
  std::optional<std::uint64_t> memory_store_bytes;  // absent: as much as anybody writes
  std::uint64_t store_bytes = 0;                    // 0: as the file system lets it
  std::uint64_t store_journal_bytes = 64u << 20;
  std::uint64_t store_cache_bytes = 512u << 20;
  std::uint64_t scrub_bytes_per_second = 32u << 20;
};

struct NodeConfig {
  MemberId member{1};
  std::string group = "shoal";
  std::vector<Endpoint> group_portals;    // logins here may be redirected
  std::optional<Endpoint> member_portal;  // the address that redirects to this member name
  std::optional<Endpoint> peer;           // page protocol between members; absent: a single server
  std::optional<Endpoint> control;        // HTTP + JSON
  std::string control_token;              // required where control is not loopback
  std::string group_key;                  // bytes that members prove to each other; required with peer
  std::string store;                      // file or block device; empty: memory only
  std::vector<Endpoint> etcd;             // either this
  std::string sqlite;                     // or this (":memory:" for a disposable target)
  std::string iqn_prefix = "iqn.2026-11.io.shoal";
  LoginRules logins;                                                   // redirects, denials, CHAP of discovery
  load::PlacementPolicy policy = load::PlacementPolicy::least_loaded;  // until the group has one
  unsigned space_threshold_percent = 80;                               // of a store's bytes that are used
  Duration scrub_interval = std::chrono::hours(24 * 30);               // zero: only by hand
  LogLevel log_level = LogLevel::info;
  Duration page_hold = std::chrono::seconds(7);
  Duration login_timeout = std::chrono::seconds(15);
  Duration ping_interval = std::chrono::seconds(30);  // NOP-In to an idle host
  NodeLimits limits;
  std::string file;  // as it was given, JSON without comments; empty: there was none
  // By the command line only:
  bool allow_faults = false;        // tests may make this member fail on purpose (faults.h)
  bool accept_older_store = false;  // than this member last had: what was acknowledged since is given up
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
