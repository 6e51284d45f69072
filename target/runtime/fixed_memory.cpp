#include "target/runtime/fixed_memory.h"

#include <sys/mman.h>

#include <atomic>

namespace shoal {
namespace {

std::uintptr_t slab_number(const std::byte* at) {
  return reinterpret_cast<std::uintptr_t>(at) / FixedMemory::kSlabBytes;
}

// In huge pages where there are some: the kernel then looks after two pages and not after a thousand.
SharedBytes make_slab() {
  constexpr std::align_val_t kAlignment{FixedMemory::kSlabBytes};
  SharedBytes slab(static_cast<std::byte*>(::operator new(FixedMemory::kSlabBytes, kAlignment)),
                   [](std::byte* memory) { ::operator delete(memory, kAlignment); });
  ::madvise(slab.get(), FixedMemory::kSlabBytes, MADV_HUGEPAGE);
  return slab;
}

// Whoever held it last may have read it on another thread.
bool is_free(const SharedBytes& slab) {
  if (slab.use_count() > 1) return false;
  std::atomic_thread_fence(std::memory_order_acquire);
  return true;
}

}  // namespace

SharedBytes FixedMemory::take(std::size_t bytes) {
  if (bytes > kSlabBytes || (!has_room(bytes) && !begin_slab())) return aligned_bytes(bytes);
  const SharedBytes& slab = slabs_[current_];
  SharedBytes taken(slab, slab.get() + used_);
  used_ += (bytes + kDeviceBlockBytes - 1) / kDeviceBlockBytes * kDeviceBlockBytes;
  return taken;
}

bool FixedMemory::begin_slab() {
  for (unsigned slot = 0; slot < count_; ++slot) {
    if (!is_free(slabs_[slot])) continue;
    current_ = slot;
    used_ = 0;
    return true;
  }
  return add_slab();
}

bool FixedMemory::add_slab() {
  if (refused_ || count_ == kMostSlabs) return false;
  SharedBytes slab = make_slab();
  refused_ = !announce_(count_, {slab.get(), kSlabBytes});
  if (refused_) return false;
  slots_.emplace(slab_number(slab.get()), count_);
  slabs_[count_] = std::move(slab);
  current_ = count_++;
  used_ = 0;
  return true;
}

std::optional<unsigned> FixedMemory::slot_of(ByteSpan bytes) const {
  const auto found = slots_.find(slab_number(bytes.data()));
  if (found == slots_.end() || bytes.data() + bytes.size() > slabs_[found->second].get() + kSlabBytes)
    return std::nullopt;
  return found->second;
}

}  // namespace shoal
