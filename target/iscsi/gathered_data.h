// GatheredData: payload of one write, in order, as it arrives. Shared where it is large; pieces below kOwnPieceBytes
// are copied, so that a few bytes do not keep a whole receive buffer alive, and many of them are joined, so that a peer
// cannot make a long list out of little data.
#pragma once

#include <cstddef>

#include "target/base/slice.h"

namespace shoal::iscsi {

inline constexpr std::size_t kOwnPieceBytes = 4096;
inline constexpr std::size_t kJoinedPieces = 256;

class GatheredData {
 public:
  void add(Slices&& data);
  Slices release();
  void clear() { *this = {}; }

 private:
  void join_tail();

  Slices pieces_;
  std::size_t tail_ = 0;  // pieces from here on have not been looked at for joining
  std::size_t tail_bytes_ = 0;
};

}  // namespace shoal::iscsi
