// The JSON that etcd's gateway speaks: bodies of requests and of answers. Whole numbers of 64 bits travel as strings,
// values of zero are left out, keys and values are base64. An answer that is not what the gateway says is nullopt.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cluster/meta_store.h"

namespace shoal::cluster::gateway {

// Every key is `prefix` and the key of our own; answers have it taken off again.
std::string txn_request(std::string_view prefix, const std::vector<Expect>& expect, const std::vector<Write>& writes);
std::optional<CasResult> parse_txn(std::string_view body);  // done or conflict

std::string range_request(std::string_view prefix, std::string_view below, std::string_view after, std::size_t limit);
std::optional<Listing> parse_range(std::string_view prefix, std::string_view body);

std::string grant_request(std::uint64_t ttl_s);
std::optional<std::uint64_t> parse_grant(std::string_view body);  // the lease
std::string put_request(std::string_view key, std::string_view value, std::uint64_t lease);
std::string lease_request(std::uint64_t lease);  // keep-alive, revoke
// Keep-alive: a lease that etcd does not know (any more) is answered without error and without a TTL.
enum class LeaseState { alive, gone };
std::optional<LeaseState> parse_keep_alive(std::string_view body);

struct WatchCreated {};
struct WatchEnded {  // cancelled, compacted, or an error of the gateway
  std::string reason;
};
using WatchChanges = std::vector<Change>;  // empty: a sign of life
using WatchLine = std::variant<WatchCreated, WatchChanges, WatchEnded>;
std::string watch_request(std::string_view prefix, std::string_view below);
WatchLine parse_watch_line(std::string_view prefix, std::string_view line);

std::string parse_version(std::string_view body);  // empty: none
std::string parse_error(std::string_view body);    // for people

// The first key after all keys that begin with `prefix`; "\0", all keys, where there is none.
std::string end_of_prefix(std::string_view prefix);

}  // namespace shoal::cluster::gateway
