// What a journal store says of itself to people.
#pragma once

#include <cstdint>
#include <string>

#include "routing/page_store.h"
#include "target/runtime/device_facts.h"

namespace shoal::routing {

struct StoreFigures {
  std::string path;
  GroupId group;  // zero: it has served none yet
  DeviceFacts facts;
  std::uint64_t checkpoint = 0;    // number of the newest
  std::uint64_t device_bytes = 0;  // that are in use: a file grows
  std::uint64_t journal_bytes = 0, journal_used_bytes = 0;
  std::uint64_t metadata_bytes = 0;      // of chunks with nodes
  std::uint64_t waiting_home_bytes = 0;  // that lie in the journal only
  std::uint64_t cached_nodes = 0, most_cached_nodes = 0, changed_nodes = 0;
  std::uint64_t first_seq = 0;  // above every version
  std::uint64_t fences = 0;
  std::uint64_t damaged_nodes = 0;  // that were found since it was opened, each once
};

}  // namespace shoal::routing
