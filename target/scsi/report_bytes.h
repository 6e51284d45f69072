// What a unit tells of itself, put together piece by piece.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace shoal::scsi {

using ReportBytes = std::vector<std::byte>;

template <class Bytes>
void append(ReportBytes& to, const Bytes& bytes) {
  const std::size_t at = to.size();
  to.resize(at + bytes.size());  // GCC 12 takes insert() for a write beyond a short vector
  std::ranges::copy(bytes, to.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace shoal::scsi
