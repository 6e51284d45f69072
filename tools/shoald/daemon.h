// Daemon: a node with the real Runtime, its metadata store and its control port, from start to a polite end.
#pragma once

#include <functional>
#include <string>

#include "tools/node/config.h"
#include "tools/node/node.h"

namespace shoal {

inline constexpr Duration kPoliteStop =
    5s;  // hosts finish their commands and are told to come back; a second signal ends at once

// Called when hosts are served; it may ask the node for more. Calls its completion with an error to end the program.
using WhenReady = std::function<void(Node& node, Completion<Result<void, std::string>> done)>;

// Runs until SIGTERM or SIGINT, or until something ends it: then the error is one line for people.
Result<void, std::string> run_daemon(const NodeConfig& config, WhenReady when_ready);

}  // namespace shoal
