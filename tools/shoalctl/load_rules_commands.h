// The commands of shoalctl that say how the group is to place and move sessions: `load policy`, `load pin` and their
// like.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/shoalctl/control_session.h"

namespace shoal {

void add_load_rules_commands(CLI::App& load, const Options& options);  // which outlives the app's parsing

}  // namespace shoal
