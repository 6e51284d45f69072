// Bytes: spans of them, and numbers in them. Nothing here allocates.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <boost/endian/conversion.hpp>
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

// A number's bytes from the one order to the other; nothing where they are the same.
template <std::endian Order, std::unsigned_integral T>
constexpr T in_byte_order(T value) {
  return Order == std::endian::native ? value : boost::endian::endian_reverse(value);
}

// A number of sizeof(T) bytes at `at`. The caller has checked the size. One instruction or two, where byte after byte
// would be one for each.
template <std::endian Order, std::unsigned_integral T>
constexpr T load_number(ByteSpan bytes, std::size_t at) {
  std::array<std::byte, sizeof(T)> octets{};
  std::copy_n(bytes.begin() + at, sizeof(T), octets.begin());
  return in_byte_order<Order>(std::bit_cast<T>(octets));
}

template <std::endian Order, std::unsigned_integral T>
constexpr void store_number(MutableByteSpan bytes, std::size_t at, T value) {
  const auto octets = std::bit_cast<std::array<std::byte, sizeof(T)>>(in_byte_order<Order>(value));
  std::copy_n(octets.begin(), sizeof(T), bytes.begin() + at);
}

// Big-endian: wire formats of SCSI and iSCSI.
template <std::unsigned_integral T>
constexpr T load_be(ByteSpan bytes, std::size_t at = 0) {
  return load_number<std::endian::big, T>(bytes, at);
}
template <std::unsigned_integral T>
constexpr void store_be(MutableByteSpan bytes, std::size_t at, T value) {
  store_number<std::endian::big>(bytes, at, value);
}

// Little-endian, for our own formats (page protocol, stores): they are read on little-endian machines.
template <std::unsigned_integral T>
constexpr T load_le(ByteSpan bytes, std::size_t at = 0) {
  return load_number<std::endian::little, T>(bytes, at);
}
template <std::unsigned_integral T>
constexpr void store_le(MutableByteSpan bytes, std::size_t at, T value) {
  store_number<std::endian::little>(bytes, at, value);
}

inline ByteSpan as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view as_text(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace shoal
