// What the machine gives this process.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/load/load_meter.h"
#include "routing/page_store.h"

namespace shoal {

std::uint64_t raise_descriptor_limit();  // to the hard one, which it yields
std::uint64_t memory_bytes();            // of the machine
// Of one processor at most, since all that hosts wait for runs in one loop; less where the control group says so. Less
// memory than the machine has where the control group, one above it, or the limit of addresses says so.
struct ProcessLimits {
  double processors = 1;
  std::uint64_t memory_bytes = 0;
};
ProcessLimits process_limits();
// "50000 100000" of cpu.max is half a processor; "max 100000" and what is none of that: as many as there are.
double parse_cpu_max(const std::string& text);
routing::FileSystemRoom file_system_room(const std::string& path);  // that a file there may still grow into
// What this process has used, and may use.
void read_process(const ProcessLimits& limits, load::Readings& readings);

}  // namespace shoal
