// Limits and counters of a PageService.
#pragma once

#include <cstddef>
#include <cstdint>

#include "routing/kept_ranges.h"

namespace shoal::routing {

struct PageServiceLimits {
  // Per image and shard. For a further one the longest idle goes; while none may go, it is answered `failed`.
  std::size_t nexuses = 65536;
  std::size_t remembered_mutations = 4096;  // per nexus and shard: answers kept for repeats
  KeptRangesLimits kept_ranges;             // per shard
};

struct PageCounters {
  std::uint64_t reads = 0, writes = 0;  // completed ok; writes: every kind of mutation
  std::uint64_t read_bytes = 0, written_bytes = 0;
  std::uint64_t local_bytes = 0, peer_bytes = 0;  // the same bytes by who asked
  std::uint64_t peer_requests = 0;                // of these reads and writes, what other members asked for
  std::uint64_t flushes = 0;
  std::uint64_t fenced = 0, ghosts = 0, repeated = 0;  // refused; dropped; answered from the record or joined
  std::uint64_t wrong_store = 0, errors = 0;
  std::uint64_t waited = 0;                           // for a range lock
  std::uint64_t kept_ranges = 0, expired_ranges = 0;  // between two rounds; of these, given up by the time limit

  PageCounters& operator+=(const PageCounters& other);
};

}  // namespace shoal::routing
