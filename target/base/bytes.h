// Bytes: spans of them, and numbers in them. Nothing here allocates.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace shoal {

using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;

// A number of sizeof(T) bytes at `at`, big-endian (wire formats of SCSI and iSCSI). The caller has checked the size.
template <std::unsigned_integral T>
constexpr T load_be(ByteSpan bytes, std::size_t at = 0) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) | std::to_integer<std::uint8_t>(bytes[at + i]));
  }
  return value;
}

template <std::unsigned_integral T>
constexpr void store_be(MutableByteSpan bytes, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes[at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> 8 * (sizeof(T) - 1 - i));
  }
}

// Little-endian, for our own formats (page protocol, stores): they are read on little-endian machines.
template <std::unsigned_integral T>
constexpr T load_le(ByteSpan bytes, std::size_t at = 0) {
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) | std::to_integer<std::uint8_t>(bytes[at + i]));
  }
  return value;
}

template <std::unsigned_integral T>
constexpr void store_le(MutableByteSpan bytes, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes[at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> 8 * i);
  }
}

inline ByteSpan as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace shoal
