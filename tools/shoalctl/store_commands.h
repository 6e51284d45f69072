// `shoalctl store ...`: what a member's page store is, and its scrubs.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/shoalctl/control_session.h"

namespace shoal {

void add_store_commands(CLI::App& app, const Options& options);  // `options` outlives the app

}  // namespace shoal
