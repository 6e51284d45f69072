// The commands of shoalctl about load: what members carry, what was decided and why, and traces of it.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/shoalctl/control_session.h"

namespace shoal {

void add_load_commands(CLI::App& app, const Options& options);  // which outlives the app's parsing

}  // namespace shoal
