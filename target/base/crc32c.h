// CRC32C (Castagnoli), RFC 7143 13.1 and our own formats. With the SSE4.2 instruction where the compiler has it.
#pragma once

#include <cstdint>

#include "target/base/bytes.h"

namespace shoal {

// The checksum of bytes, continued from `crc` (0 to begin): crc32c(b, crc32c(a)) == crc32c(a + b).
std::uint32_t crc32c(ByteSpan bytes, std::uint32_t crc = 0);

}  // namespace shoal
