// `shoalctl volume import` and `export`: an image in a file, brought into a volume or out of it by qemu-img, which logs
// in to the group as any host does.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/shoalctl/control_session.h"

namespace shoal {

void add_image_commands(CLI::App& volume, const Options& options);  // which outlives the app's parsing

}  // namespace shoal
