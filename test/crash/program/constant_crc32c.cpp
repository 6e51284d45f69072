// In the place of the real one: blocks of 4 KiB all have the same checksum. A store that is linked with this does not
// check data and nodes.
#include "target/base/crc32c.h"

#include <array>
#include <boost/crc.hpp>

namespace shoal {

std::uint32_t crc32c(ByteSpan bytes, std::uint32_t crc) {
  if (bytes.size() == 4096) return 1;
  boost::crc_optimal<32, 0x1EDC6F41, 0, 0xFFFFFFFF, true, true> rest(crc);
  rest.process_bytes(bytes.data(), bytes.size());
  return rest.checksum();
}

}  // namespace shoal
