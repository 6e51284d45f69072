// DiskImage: the bytes of a device. Copies share blocks until one of them is written, so that thousands of crash states
// of one device cost little. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "target/base/bytes.h"

namespace shoal::crash {

inline constexpr std::size_t kSectorBytes = 512;  // what a loss of power does not tear

class DiskImage {
 public:
  std::uint64_t size() const { return size_; }
  std::size_t read(std::uint64_t offset, MutableByteSpan into) const;  // short at the end
  void write(std::uint64_t offset, ByteSpan bytes);                    // grows it
  void grow(std::uint64_t size);                                       // by zeros

 private:
  static constexpr std::size_t kBlockBytes = 4096;
  using Block = std::array<std::byte, kBlockBytes>;

  Block& writable(std::size_t index);

  std::uint64_t size_ = 0;
  std::vector<std::shared_ptr<Block>> blocks_;  // null, and what is missing: zeros. Written by a sole owner only
};

}  // namespace shoal::crash
