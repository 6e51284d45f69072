#include "tools/bench/core/stamp.h"

#include <algorithm>

#include "target/base/crc32c.h"
#include "target/base/random.h"

namespace shoal {
namespace {

constexpr std::string_view kMagic = "SHOALBLK";
constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kCrcAt = kStampBytes - 4;

}  // namespace

void write_stamp(MutableByteSpan block, const Stamp& stamp) {
  std::copy(kMagic.begin(), kMagic.end(), reinterpret_cast<char*>(block.data()));
  store_le(block, 8, stamp.block);
  store_le(block, 16, stamp.writer);
  store_le(block, 24, stamp.operation);
  SeededRandom filler(stamp.block ^ stamp.writer << 40 ^ stamp.operation << 20);
  for (std::size_t at = kHeaderBytes; at + 8 <= kCrcAt; at += 8) store_le(block, at, filler.next());
  store_le<std::uint32_t>(block, kCrcAt - 4, 0);
  store_le(block, kCrcAt, crc32c(block.first(kCrcAt)));
}

std::optional<Stamp> read_stamp(ByteSpan block) {
  if (as_text(block.first(kMagic.size())) != kMagic) {
    const bool zero = std::all_of(block.begin(), block.end(), [](std::byte b) { return b == std::byte{0}; });
    return zero ? std::optional(Stamp{}) : std::nullopt;
  }
  if (crc32c(block.first(kCrcAt)) != load_le<std::uint32_t>(block, kCrcAt)) return std::nullopt;
  return Stamp{load_le<std::uint64_t>(block, 8), load_le<std::uint64_t>(block, 16), load_le<std::uint64_t>(block, 24)};
}

}  // namespace shoal
