// Memory that a device takes as it is: whole blocks at addresses of whole blocks.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace shoal {

inline constexpr std::size_t kDeviceBlockBytes = 4096;

using SharedBytes = std::shared_ptr<std::byte[]>;

// Not initialised.
inline SharedBytes aligned_bytes(std::size_t size) {
  constexpr std::align_val_t kAlignment{kDeviceBlockBytes};
  return SharedBytes(static_cast<std::byte*>(::operator new(size, kAlignment)),
                     [](std::byte* memory) { ::operator delete(memory, kAlignment); });
}

}  // namespace shoal
