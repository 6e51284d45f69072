// Fields of our own formats (page protocol, journal store): each a type that knows its place, so that a layout header
// writes each place once. Little-endian. The caller has checked that the bytes go as far as the field.
#pragma once

#include <cstddef>
#include <cstring>

#include "target/base/bytes.h"

namespace shoal::routing {

// A number or a strong id.
template <class T, std::size_t Offset>
struct Number {
  static constexpr std::size_t kEnd = Offset + sizeof(T);
  static constexpr T get(ByteSpan at) {
    if constexpr (requires { typename T::rep; }) {
      return T{load_le<typename T::rep>(at, Offset)};
    } else {
      return load_le<T>(at, Offset);
    }
  }
  static constexpr void put(MutableByteSpan at, T value) {
    if constexpr (requires { typename T::rep; }) {
      store_le(at, Offset, value.value);
    } else {
      store_le(at, Offset, value);
    }
  }
};

// An array of bytes: ids, nonces, digests.
template <class T, std::size_t Offset>
struct Bytes {
  static constexpr std::size_t kEnd = Offset + sizeof(T);
  static T get(ByteSpan at) {
    T value;
    std::memcpy(&value, at.data() + Offset, sizeof value);
    return value;
  }
  static void put(MutableByteSpan at, const T& value) { std::memcpy(at.data() + Offset, &value, sizeof value); }
};

}  // namespace shoal::routing
