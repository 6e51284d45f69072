// Corruption runs: what a device does to data behind the store's back. Bits that flip, writes that were acknowledged
// and never made, and writes that went elsewhere, anywhere on the device. The store must refuse to open, or give right
// data or an error for each block.
//
// Of a journal's very last frame nobody can tell whether it was written and is damaged, or was being written when power
// was lost. So each workload ends with a write that may be lost.
#pragma once

#include "test/crash/checker.h"

namespace shoal::crash {

struct CorruptionReport {
  std::uint64_t corruptions = 0;
  std::uint64_t refused = 0;             // to open
  std::uint64_t detected = 0;            // blocks could not be read
  std::uint64_t harmless = 0;            // everything was right
  std::optional<Difference> difference;  // state: the number of the corruption
};

// Numbers [first, first + count).
CorruptionReport run_corruptions(const StoreDriver& driver, std::uint64_t seed, std::uint64_t first,
                                 std::uint64_t count);

}  // namespace shoal::crash
