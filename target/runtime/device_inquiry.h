// What the kernel tells of the device under an open file: of its mount, and of the queue of its disk.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "target/runtime/device_facts.h"

namespace shoal::posix {

struct Mount {
  std::string file_system;
  std::string source;                // "/dev/sda1", or whatever else the file system takes for its device
  std::vector<std::string> options;  // of the mount and of the file system
  bool operator==(const Mount&) const = default;
};

// Of the text of /proc/self/mountinfo (proc(5)). Pure.
std::optional<Mount> find_mount(std::string_view mountinfo, std::uint64_t mount_id);
// False: one of the options keeps syncs from the device. Pure.
bool flushes_device(const std::vector<std::string>& options);

// Everything but `direct`. What cannot be found out is left as not known.
DeviceFacts device_facts(int fd);

}  // namespace shoal::posix
