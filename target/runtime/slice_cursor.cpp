#include "target/runtime/slice_cursor.h"

#include "target/base/check.h"

namespace shoal {

SliceCursor::Gathered SliceCursor::gather(std::span<iovec> vectors) const {
  Gathered gathered;
  std::size_t offset = offset_;
  for (std::size_t i = index_; i < data_.size() && gathered.count < vectors.size(); ++i, offset = 0) {
    const ByteSpan bytes = data_[i].bytes().subspan(offset);
    if (bytes.empty()) continue;
    vectors[gathered.count++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};  // the system call only reads it
    gathered.bytes += bytes.size();
  }
  return gathered;
}

void SliceCursor::skip(std::size_t bytes) {
  CHECK(bytes <= left_, bytes, left_);
  left_ -= bytes;
  while (bytes > 0) {
    const std::size_t rest = data_[index_].size() - offset_;
    if (bytes < rest) {
      offset_ += bytes;
      return;
    }
    bytes -= rest;
    ++index_;
    offset_ = 0;
  }
}

}  // namespace shoal
