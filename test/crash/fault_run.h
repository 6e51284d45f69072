// Fault runs: a workload is repeated with a fault at its first input or output, then at its second, and so on until it
// passes without meeting one. Whatever the store answers then is right or an error, and what it has acknowledged is
// there when it is opened again, with or without a loss of power.
#pragma once

#include "test/crash/checker.h"

namespace shoal::crash {

struct FaultReport {
  std::uint64_t faults = 0;
  std::optional<Difference> difference;  // state: "N.KIND", the input or output and the fault
};

FaultReport run_with_faults(const StoreDriver& driver, std::uint64_t seed, const Workload& workload);
// Only one of them.
FaultReport run_with_fault(const StoreDriver& driver, std::uint64_t seed, const Workload& workload, Fault fault);

}  // namespace shoal::crash
