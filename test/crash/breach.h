// Breach: a rule of a store that is not kept, made from outside. What the store asks of its device is changed on the
// way there, and what it reads on the way back; so the store has no switches for it. One lives as long as its process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "target/base/slice.h"

namespace shoal::crash {

struct DeviceWrite {
  std::uint64_t offset = 0;
  Slice bytes;
  bool durable = false;
};
using DeviceWrites = std::vector<DeviceWrite>;

class Breach {
 public:
  virtual ~Breach() = default;
  // What becomes of that write: it and others that nobody asked for and nobody waits for; `write` may be changed.
  // False: it is answered and never made.
  virtual bool on_write(DeviceWrite& /*write*/, DeviceWrites& /*others*/) { return true; }
  virtual bool on_sync(DeviceWrites& /*others*/) { return true; }
  virtual void on_read(std::uint64_t /*offset*/, MutableByteSpan /*read*/) {}
};
using MakeBreach = std::function<std::unique_ptr<Breach>()>;  // one for each process

}  // namespace shoal::crash
