// One run of the simulated group: a seed in, a report out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "target/base/time.h"
#include "test/sim/group/sim_group.h"

namespace shoal::sim {

enum class Schedule {
  faults,        // random load, random faults (fault_plan.h)
  siege,         // ghost writes, by recipe (siege.h)
  reservations,  // and nothing else, while members fail (reservation_faults.h)
};

struct RunOptions {
  GroupShape shape;
  Schedule schedule = Schedule::faults;
  Duration faults = 20s;                          // how long things go wrong
  Duration recovery = 90s;                        // within which every host must have read every block after that
  std::function<void(const std::string&)> watch;  // every line of the trace; may be empty
};

struct RunReport {
  std::uint64_t seed = 0, hash = 0, events = 0;
  std::vector<std::string> violations;  // empty: all is well
  std::string trace_tail;
  Duration virtual_time{}, recovered_in{};
  std::uint64_t faults = 0, operations = 0, failed_operations = 0, writes = 0, reads = 0, flushes = 0, logins = 0,
                redirects = 0, increments = 0, half_written = 0;
};

RunReport run_seed(std::uint64_t seed, const RunOptions& options = {});

}  // namespace shoal::sim
