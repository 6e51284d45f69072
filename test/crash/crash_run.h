// Crash runs: how a number of crash states is spread over workloads. Half of them go to sequences of up to three words,
// half to long random workloads.
#pragma once

#include "test/crash/checker.h"

namespace shoal::crash {

struct CrashRun {
  std::uint64_t seed = 1;
  std::uint64_t states = 20'000;
  std::string workload;            // only this one; empty: as above
  std::optional<StateName> state;  // only this one of the workload
};

struct CrashReport {
  std::uint64_t workloads = 0, states = 0;
  std::optional<Difference> difference;  // the first
};

CrashReport run(const StoreDriver& driver, const CrashRun& run);

}  // namespace shoal::crash
