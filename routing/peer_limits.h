// The limits of links between members: what both sides keep to, and what a side may set for itself.
#pragma once

#include <cstddef>

#include "target/base/time.h"

namespace shoal::routing {

inline constexpr Duration kLinkSilence = 2s;      // a link whose newest returned stamp is older is closed
inline constexpr Duration kMaxOperationAge = 8s;  // a mutation older than that is refused by its owner: ghost rule (d)

// How long a range is kept between the two rounds of a COMPARE AND WRITE across pages, if nothing ends that before:
// longer than anything of the operation may come, and than its asker takes to answer its host, by clocks a tenth apart.
inline constexpr Duration kLongestKeep = 12s;
static_assert(kLongestKeep > kMaxOperationAge + kMaxOperationAge / 5 + kLinkSilence);

// What an asker may have outstanding on a link; a listener closes a link that goes beyond.
inline constexpr std::size_t kMaxOutstandingRequests = 1024;
inline constexpr std::size_t kMaxOutstandingBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kMaxOutstandingOthers = 70'000;  // fences, aborts and control requests

struct PeerTransportLimits {
  Duration connect_timeout = 2s;
  Duration handshake_timeout = 2s;
  Duration ping_interval = 500ms;
  Duration silence = kLinkSilence;
  Duration max_age = kMaxOperationAge;
  Duration first_back_off = 100ms, longest_back_off = 2s;  // doubling, with jitter; the longest after a refusal
  std::size_t handshakes = 64;                             // accepted and not yet authenticated: then the oldest goes
  std::size_t outstanding_requests = 512;                  // asked and not answered, per link; the rest waits here
  // Pings queue behind what is on its way: as much as a network of 100 Mbit/s carries well within `silence`.
  std::size_t outstanding_bytes = 8 * 1024 * 1024;
  std::size_t outstanding_controls = 256;  // per link
  std::size_t pending_fences = 65536;      // per member
};

}  // namespace shoal::routing
