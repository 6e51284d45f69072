// Field and Bits: one place of a basic header segment, named by offset and width, read and written (RFC 7143 11.2).
// Big-endian, any width, any alignment. The 48 bytes are in the type, so no access can lie outside.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace shoal::iscsi {

inline constexpr std::size_t kBhsSize = 48;
using Bhs = std::span<const std::byte, kBhsSize>;
using MutableBhs = std::span<std::byte, kBhsSize>;
using BhsBytes = std::array<std::byte, kBhsSize>;

namespace detail {
template <class T>
concept NumberInAStruct = requires(T number) { number.value; };  // Strong, Serial

template <class T>
constexpr T from_wire(std::uint64_t raw) {
  if constexpr (NumberInAStruct<T>) {
    return T{static_cast<decltype(T::value)>(raw)};
  } else {
    return static_cast<T>(raw);
  }
}

template <class T>
constexpr std::uint64_t to_wire(T value) {
  if constexpr (NumberInAStruct<T>) {
    return value.value;
  } else {
    return static_cast<std::uint64_t>(value);
  }
}
}  // namespace detail

template <class T, std::size_t Offset, std::size_t Width = sizeof(T)>
struct Field {
  static_assert(Width <= sizeof(T) && Width <= 8 && Offset + Width <= kBhsSize);

  static constexpr T get(Bhs bhs) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return detail::from_wire<T>(((std::to_integer<std::uint64_t>(bhs[Offset + I]) << 8 * (Width - 1 - I)) | ...));
    }(std::make_index_sequence<Width>{});
  }
  static constexpr void put(MutableBhs bhs, T value) {
    const std::uint64_t raw = detail::to_wire(value);
    for (std::size_t i = 0; i < Width; ++i) bhs[Offset + i] = static_cast<std::byte>(raw >> 8 * (Width - 1 - i));
  }
};

// `Count` bits of byte `Offset`, the lowest of them bit `Shift` (0 is the least significant).
template <class T, std::size_t Offset, unsigned Shift, unsigned Count = 1>
struct Bits {
  static_assert(Offset < kBhsSize && Count >= 1 && Shift + Count <= 8);
  static constexpr unsigned kMask = (1u << Count) - 1;

  static constexpr T get(Bhs bhs) {
    return detail::from_wire<T>((std::to_integer<unsigned>(bhs[Offset]) >> Shift) & kMask);
  }
  static constexpr void put(MutableBhs bhs, T value) {
    const unsigned others = std::to_integer<unsigned>(bhs[Offset]) & ~(kMask << Shift);
    bhs[Offset] = static_cast<std::byte>(others | (static_cast<unsigned>(detail::to_wire(value)) & kMask) << Shift);
  }
};

}  // namespace shoal::iscsi
