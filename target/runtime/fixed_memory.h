// FixedMemory: memory of which the kernel was told beforehand (the fixed buffers of io_uring), so that it need not look
// up and pin the pages of each write: a tenth of the processor time of a durable 4 KiB write. It is made of slabs. Each
// is handed out from its beginning to its end, and again when nobody holds anything of it.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <optional>

#include "target/base/bytes.h"
#include "target/runtime/device_memory.h"

namespace shoal {

class FixedMemory {
 public:
  static constexpr std::size_t kSlabBytes = std::size_t{4} << 20;
  static constexpr unsigned kMostSlabs = 64;  // beyond 256 MiB it hands out memory of which the kernel knows nothing

  // Tells the kernel of a slab as buffer number `slot`. False: it takes none (RLIMIT_MEMLOCK, an old kernel); it is not
  // asked again.
  using Announce = std::function<bool(unsigned slot, MutableByteSpan slab)>;
  explicit FixedMemory(Announce announce) : announce_(std::move(announce)) {}

  // Whole blocks, not initialised. What was taken outlives this object and may be let go of on any thread.
  SharedBytes take(std::size_t bytes);

  // The buffer in which all of these bytes lie.
  std::optional<unsigned> slot_of(ByteSpan bytes) const;

 private:
  bool has_room(std::size_t bytes) const { return count_ > 0 && bytes <= kSlabBytes - used_; }
  bool begin_slab();
  bool add_slab();

  Announce announce_;
  std::array<SharedBytes, kMostSlabs> slabs_;
  unsigned count_ = 0;
  unsigned current_ = 0;  // what is taken next lies in it
  std::size_t used_ = 0;  // of it
  bool refused_ = false;
  boost::unordered_flat_map<std::uintptr_t, unsigned> slots_;  // by address / kSlabBytes
};

}  // namespace shoal
