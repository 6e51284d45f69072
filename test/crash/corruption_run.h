// Corruption runs: what a device does to data behind the store's back, anywhere on it (corrupter.h). The store must
// refuse to open, or give right data or an error for each block. Every second time another copy is at hand, which has
// all data: then each block that its checksum finds damaged is repaired and right.
//
// Of a journal's last frames nobody can tell whether it was written and is damaged, or was being written when power
// was lost. So each workload ends with a write that may be lost.
#pragma once

#include <map>
#include <utility>

#include "test/crash/checker.h"

namespace shoal::crash {

struct CorruptionCounts {
  std::uint64_t corruptions = 0;
  std::uint64_t refused = 0;   // to open
  std::uint64_t detected = 0;  // blocks could not be read
  std::uint64_t repaired = 0;  // blocks were damaged, and all of them could be read
  std::uint64_t harmless = 0;  // everything was right
  void add(const CorruptionCounts& other);
};

struct CorruptionReport {
  std::map<std::pair<std::string, std::string>, CorruptionCounts> counts;  // by region and kind
  std::optional<Difference> difference;                                    // state: the number of the corruption
  CorruptionCounts total() const;
};

// Numbers [first, first + count).
CorruptionReport run_corruptions(const StoreDriver& driver, std::uint64_t seed, std::uint64_t first,
                                 std::uint64_t count);

}  // namespace shoal::crash
