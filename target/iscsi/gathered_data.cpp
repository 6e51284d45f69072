#include "target/iscsi/gathered_data.h"

namespace shoal::iscsi {

void GatheredData::add(Slices&& data) {
  for (Slice& piece : data) {
    tail_bytes_ += piece.size();
    pieces_.push_back(piece.size() < kOwnPieceBytes ? Slice::copy_of(piece.bytes()) : std::move(piece));
    if (pieces_.size() - tail_ == kJoinedPieces) join_tail();
  }
}

void GatheredData::join_tail() {
  if (tail_bytes_ < kJoinedPieces * kOwnPieceBytes) {
    const auto tail = pieces_.begin() + static_cast<std::ptrdiff_t>(tail_);
    Slice joined = flatten(Slices(tail, pieces_.end()));
    pieces_.erase(tail, pieces_.end());
    pieces_.push_back(std::move(joined));
  }
  tail_ = pieces_.size();
  tail_bytes_ = 0;
}

Slices GatheredData::release() {
  Slices all = std::move(pieces_);
  clear();
  return all;
}

}  // namespace shoal::iscsi
