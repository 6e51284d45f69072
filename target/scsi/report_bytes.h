// What a unit tells of itself, put together piece by piece.
#pragma once

#include <cstddef>
#include <vector>

namespace shoal::scsi {

using ReportBytes = std::vector<std::byte>;

template <class Bytes>
void append(ReportBytes& to, const Bytes& bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace shoal::scsi
