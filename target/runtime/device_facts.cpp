#include "target/runtime/device_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace shoal {
namespace {

constexpr std::array<std::string_view, 2> kInMemory{"tmpfs", "ramfs"};

bool in_memory(const DeviceFacts& facts) { return std::ranges::find(kInMemory, facts.file_system) != kInMemory.end(); }

bool cache_needs_flushes(const DeviceFacts& facts) { return facts.write_cache != WriteCache::write_through; }

}  // namespace

const char* to_string(WriteCache cache) {
  switch (cache) {
    case WriteCache::unknown: return "not known";
    case WriteCache::write_through: return "write through";
    case WriteCache::write_back: return "write back";
  }
  return "not known";
}

std::string describe(const DeviceFacts& facts) {
  const std::string where = facts.block_device
                                ? "block device"
                                : fmt::format("file on {}", facts.file_system.empty() ? "?" : facts.file_system);
  return fmt::format("{}, {}, write cache: {}, FUA: {}", where, facts.direct ? "O_DIRECT" : "page cache",
                     to_string(facts.write_cache), facts.fua ? "yes" : "no");
}

std::vector<std::string> durability_warnings(const DeviceFacts& facts) {
  if (in_memory(facts)) {
    return {fmt::format("{} keeps everything in memory: nothing outlives this machine; use a file system on a disk",
                        facts.file_system)};
  }
  std::vector<std::string> warnings;
  if (facts.file_system == "overlay") {
    warnings.push_back(
        "overlay hides the device below, and a container may run it without syncs (volatile); "
        "give the store a volume or a block device of its own");
  } else if (facts.write_cache == WriteCache::unknown) {
    warnings.push_back(
        "the kernel does not tell whether the device has a volatile write cache: "
        "durable means what whoever is behind it (a server, a hypervisor) makes of a sync");
  }
  if (!facts.flushes && cache_needs_flushes(facts)) {
    warnings.push_back(
        "the file system is mounted so that syncs do not empty the device's write cache (nobarrier or the like); "
        "mount it without that option");
  }
  if (!facts.direct) {
    warnings.push_back(
        "the file system refuses O_DIRECT: data pass through the page cache, which may lose track of what a failed "
        "write left; use ext4, xfs or a block device");
  }
  return warnings;
}

}  // namespace shoal
