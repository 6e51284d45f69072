// Memory that a device takes as it is: whole blocks at addresses of whole blocks.
#pragma once

#include <cstdint>

#include "routing/journal_store/geometry.h"
#include "target/base/slice.h"
#include "target/runtime/device_memory.h"

namespace shoal::routing::journal {

static_assert(kBlock == kDeviceBlockBytes);

// `size` fresh bytes, a multiple of kBlock; the caller fills them before it shares the slice.
inline Slice aligned_slice(std::size_t size, MutableByteSpan& fill) {
  SharedBytes owner = aligned_bytes(size);
  fill = {owner.get(), size};
  return Slice::share(owner, fill);
}

inline bool is_aligned(const Slice& slice) {
  return reinterpret_cast<std::uintptr_t>(slice.bytes().data()) % kBlock == 0 && slice.size() % kBlock == 0;
}

}  // namespace shoal::routing::journal
