// Field and Bits: one place of a basic header segment, a CDB or parameter data, named by offset and width, read and
// written. Big-endian, any width, any alignment. The size of what is accessed is in its type (an array, or a span with
// an extent), so no access can lie outside. mark() sets the field's bits to one: that is how the usage map of a CDB is
// made from its layout (SPC-4 6.35.3).
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace shoal {

namespace detail {
template <class Bytes>
inline constexpr std::size_t kExtent = decltype(std::span(std::declval<Bytes&>()))::extent;

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
  static_assert(Width <= sizeof(T) && Width <= 8);
  static constexpr std::size_t kByte = Offset;
  static constexpr std::size_t kWidth = Width;
  static constexpr unsigned kHighBit = 7;

  template <class Bytes>
  static constexpr T get(const Bytes& bytes) {
    static_assert(detail::kExtent<const Bytes> != std::dynamic_extent &&
                  Offset + Width <= detail::kExtent<const Bytes>);
    std::uint64_t raw = 0;
    for (std::size_t i = 0; i < Width; ++i) raw = raw << 8 | std::to_integer<std::uint64_t>(bytes[Offset + i]);
    return detail::from_wire<T>(raw);
  }
  template <class Bytes>
  static constexpr void put(Bytes&& bytes, T value) {
    static_assert(Offset + Width <= detail::kExtent<std::remove_reference_t<Bytes>>);
    const std::uint64_t raw = detail::to_wire(value);
    for (std::size_t i = 0; i < Width; ++i) bytes[Offset + i] = static_cast<std::byte>(raw >> 8 * (Width - 1 - i));
  }
  template <class Bytes>
  static constexpr void mark(Bytes& bytes) {
    for (std::size_t i = 0; i < Width; ++i) bytes[Offset + i] = std::byte{0xff};
  }
};

// `Count` bits of byte `Offset`, the lowest of them bit `Shift` (0 is the least significant).
template <class T, std::size_t Offset, unsigned Shift, unsigned Count = 1>
struct Bits {
  static_assert(Count >= 1 && Shift + Count <= 8);
  static constexpr std::size_t kByte = Offset;
  static constexpr unsigned kHighBit = Shift + Count - 1;
  static constexpr unsigned kMask = (1u << Count) - 1;

  template <class Bytes>
  static constexpr T get(const Bytes& bytes) {
    static_assert(detail::kExtent<const Bytes> != std::dynamic_extent && Offset < detail::kExtent<const Bytes>);
    return detail::from_wire<T>((std::to_integer<unsigned>(bytes[Offset]) >> Shift) & kMask);
  }
  template <class Bytes>
  static constexpr void put(Bytes&& bytes, T value) {
    static_assert(Offset < detail::kExtent<std::remove_reference_t<Bytes>>);
    const unsigned others = std::to_integer<unsigned>(bytes[Offset]) & ~(kMask << Shift);
    bytes[Offset] = static_cast<std::byte>(others | (static_cast<unsigned>(detail::to_wire(value)) & kMask) << Shift);
  }
  template <class Bytes>
  static constexpr void mark(Bytes& bytes) {
    bytes[Offset] |= static_cast<std::byte>(kMask << Shift);
  }
};

}  // namespace shoal
