#include "target/base/crc32c.h"

#ifdef __SSE4_2__
#include <nmmintrin.h>
#else
#include <array>
#endif

namespace shoal {

#ifdef __SSE4_2__

std::uint32_t crc32c(ByteSpan bytes, std::uint32_t crc) {
  std::uint64_t state = ~crc;
  while (bytes.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    state = _mm_crc32_u64(state, word);
    bytes = bytes.subspan(8);
  }
  for (const std::byte byte : bytes) {
    state = _mm_crc32_u8(static_cast<std::uint32_t>(state), std::to_integer<std::uint8_t>(byte));
  }
  return ~static_cast<std::uint32_t>(state);
}

#else

namespace {
constexpr auto kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0x82f63b78u : value >> 1;
    table[i] = value;
  }
  return table;
}();
}  // namespace

std::uint32_t crc32c(ByteSpan bytes, std::uint32_t crc) {
  crc = ~crc;
  for (const std::byte byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
  return ~crc;
}

#endif

}  // namespace shoal
