// Counters: what this process does while it is counted: allocations, payload that is copied, system calls. Counted
// where they are called: operator new is replaced, and the linker sends memcpy, memmove and the calls of the network
// through counters.cpp (--wrap, CMakeLists.txt).
#pragma once

#include <cstdint>

namespace shoal::test {

// A copy below this size is a header or a number; inlined ones are not seen at all.
inline constexpr std::size_t kPayloadBytes = 512;

struct Counters {
  std::uint64_t allocations = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t system_calls = 0;
  std::uint64_t device_calls = 0;  // reads, writes and syncs of the device in memory (memory_device.h)
};

Counters& counters();

// Counts from construction to destruction. Not nested.
class Counting {
 public:
  Counting();
  ~Counting();
  Counting(const Counting&) = delete;
};

void note_device_call();

// What is done meanwhile is not the target's.
class Uncounted {
 public:
  Uncounted();
  ~Uncounted();
  Uncounted(const Uncounted&) = delete;

 private:
  const bool counted_;
};

}  // namespace shoal::test
