// DeviceFacts: what is known of the device under a file that was opened for durable writes, and what of that makes
// "durable" worth less than the word. The facts come from the kernel (device_inquiry.h); judging them is pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoal {

enum class WriteCache : std::uint8_t {
  unknown,
  write_through,  // none that a loss of power would empty
  write_back,     // a write is durable after a flush, or with FUA
};
const char* to_string(WriteCache cache);

struct DeviceFacts {
  bool block_device = false;  // else a file
  bool direct = false;        // O_DIRECT; else through the page cache
  std::string file_system;    // of a file, as the kernel names it; empty: not known
  bool flushes = true;        // false: mounted with an option that keeps syncs from the device
  WriteCache write_cache = WriteCache::unknown;
  bool fua = false;  // a single write can be durable without a flush of the whole cache
  bool operator==(const DeviceFacts&) const = default;
};

// "file on ext4, O_DIRECT, write cache: write back, FUA: no"
std::string describe(const DeviceFacts& facts);
// Why what was acknowledged might not outlive a loss of power, and what to do: a sentence each, for start-up to report.
// Empty: the device promises all that a store needs.
std::vector<std::string> durability_warnings(const DeviceFacts& facts);

}  // namespace shoal
