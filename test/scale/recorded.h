// Recorded: the hosts of a trace (cluster/load/trace.h) before members that decide by today's rules. Each session
// begins where the trace has it first and asks for what it was given there; where it is served from then on is the
// rules' to say. A trace of one member tells of that member's sessions only: those of several are merged by time.
#pragma once

#include <string>

#include "test/scale/scenario.h"

namespace shoal::scale {

// Throws std::runtime_error, with the line, where the file is none.
Outcome run_recorded(const std::string& path, std::uint64_t seed);

}  // namespace shoal::scale
