#include "target/base/crc32c.h"

#if defined(__SSE4_2__) && defined(__PCLMUL__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#else
#include <array>
#endif

namespace shoal {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected: bit 31 is the coefficient of 1, bit 0 that of x^31

constexpr std::uint32_t times_x(std::uint32_t value) { return value & 1 ? value >> 1 ^ kPolynomial : value >> 1; }

#if defined(__SSE4_2__) && defined(__PCLMUL__)

constexpr std::uint32_t power_of_x(std::size_t exponent) {
  std::uint32_t value = 0x80000000;
  while (exponent-- > 0) value = times_x(value);
  return value;
}

std::uint64_t word_at(const std::byte* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// A 64-bit number that the crc32 instruction, begun at 0, reduces to `state` as it is when kBytes more zeros have gone
// by. The product of two reflected numbers is one place too low, and the instruction multiplies by x^32.
template <std::size_t kBytes>
std::uint64_t followed_by_zeros(std::uint64_t state) {
  constexpr std::uint64_t kFactor = power_of_x(8 * kBytes - 33);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_clmulepi64_si128(
      _mm_cvtsi64_si128(static_cast<std::int64_t>(state)), _mm_cvtsi64_si128(static_cast<std::int64_t>(kFactor)), 0)));
}

// Payload of a large transfer comes from memory that no cache has, at a third of the speed without this: the processor
// sees three short runs, and foresees none of them.
template <std::size_t kBytes>
void fetch_block_after_next(ByteSpan bytes) {
  if (bytes.size() < 3 * kBytes) return;
  for (std::size_t i = 0; i < kBytes; i += 64) _mm_prefetch(&bytes[2 * kBytes + i], _MM_HINT_T0);
}

// The instruction takes three cycles and one can begin each cycle: three lanes of a run are summed side by side.
template <std::size_t kLane>
std::uint64_t sum_lanes(ByteSpan& bytes, std::uint64_t state) {
  static_assert(kLane % 8 == 0);
  while (bytes.size() >= 3 * kLane) {
    fetch_block_after_next<3 * kLane>(bytes);
    const std::byte* const at = bytes.data();
    std::uint64_t second = 0, third = 0;
    for (std::size_t i = 0; i < kLane; i += 8) {
      state = _mm_crc32_u64(state, word_at(at + i));
      second = _mm_crc32_u64(second, word_at(at + kLane + i));
      third = _mm_crc32_u64(third, word_at(at + 2 * kLane + i));
    }
    state = _mm_crc32_u64(0, followed_by_zeros<2 * kLane>(state) ^ followed_by_zeros<kLane>(second)) ^ third;
    bytes = bytes.subspan(3 * kLane);
  }
  return state;
}

std::uint32_t sum(ByteSpan bytes, std::uint32_t begun) {
  constexpr std::size_t kOfFourKiB = 1360, kOfOneBlock = 168;  // the largest lanes in 4096 and in 512 bytes
  std::uint64_t state = sum_lanes<kOfOneBlock>(bytes, sum_lanes<kOfFourKiB>(bytes, begun));
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) state = _mm_crc32_u64(state, word_at(bytes.data()));
  for (const std::byte byte : bytes) {
    state = _mm_crc32_u8(static_cast<std::uint32_t>(state), std::to_integer<std::uint8_t>(byte));
  }
  return static_cast<std::uint32_t>(state);
}

#else

constexpr auto kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit) table[i] = times_x(table[i]);
  }
  return table;
}();

std::uint32_t sum(ByteSpan bytes, std::uint32_t state) {
  for (const std::byte byte : bytes) state = state >> 8 ^ kTable[(state ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
  return state;
}

#endif

}  // namespace

std::uint32_t crc32c(ByteSpan bytes, std::uint32_t crc) { return ~sum(bytes, ~crc); }

}  // namespace shoal
