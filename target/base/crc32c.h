// CRC32C (Castagnoli), RFC 7143 13.1 and our own formats. With the instructions of SSE4.2 and PCLMUL where the compiler has
// them: some 8 bytes a cycle from 504 bytes on.
#pragma once

#include <cstdint>

#include "target/base/bytes.h"

namespace shoal {

// The checksum of bytes, continued from `crc` (0 to begin): crc32c(b, crc32c(a)) == crc32c(a + b).
std::uint32_t crc32c(ByteSpan bytes, std::uint32_t crc = 0);

}  // namespace shoal
