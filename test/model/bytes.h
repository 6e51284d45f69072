// Bytes on the wire: big-endian fields of any width at any offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace model {

using Bytes = std::vector<std::uint8_t>;

inline void put(Bytes& bytes, std::size_t offset, std::size_t width, std::uint64_t value) {
  for (std::size_t i = 0; i < width; ++i)
    bytes.at(offset + i) = static_cast<std::uint8_t>(value >> 8 * (width - 1 - i));
}

inline std::uint64_t get(const Bytes& bytes, std::size_t offset, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes.at(offset + i);
  return value;
}

inline void append(Bytes& bytes, const Bytes& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

}  // namespace model
