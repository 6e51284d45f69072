// History: what the process asked of its device and what it told its callers, in the order in which it happened. A
// crash is a place in it.
#pragma once

#include <cstdint>
#include <functional>
#include <variant>
#include <vector>

#include "target/base/slice.h"

namespace shoal::crash {

class Model;

struct WriteBegun {
  std::uint64_t number = 0;  // of the input or output
  std::uint64_t offset = 0;
  Slice bytes;
  bool durable = false;  // RWF_DSYNC: its own sectors are on the device when it is done, nothing else
};
struct WriteDone {
  std::uint64_t number = 0;
};
struct WriteFailed {
  std::uint64_t number = 0;
  std::size_t written = 0;  // bytes, from its beginning, as a write that is not durable
};
struct SyncBegun {
  std::uint64_t number = 0;
};
struct SyncDone {
  std::uint64_t number = 0;
};
struct SyncFailed {
  std::uint64_t number = 0;  // what it was for no later sync writes either
};
// Something was asked of the store, or answered by it.
struct Told {
  std::function<void(Model&)> apply;
};

using Event = std::variant<WriteBegun, WriteDone, WriteFailed, SyncBegun, SyncDone, SyncFailed, Told>;
using History = std::vector<Event>;

}  // namespace shoal::crash
