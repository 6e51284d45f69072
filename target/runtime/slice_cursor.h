// SliceCursor: how far a gathered transfer has come, and the vectors of its next system call.
#pragma once

#include <sys/uio.h>

#include <span>

#include "target/base/slice.h"

namespace shoal {

class SliceCursor {
 public:
  struct Gathered {
    std::size_t count = 0;  // vectors filled
    std::size_t bytes = 0;  // in them
  };

  SliceCursor() = default;
  explicit SliceCursor(Slices data) : data_(std::move(data)), left_(total_size(data_)) {}

  bool empty() const { return left_ == 0; }
  std::size_t left() const { return left_; }
  Gathered gather(std::span<iovec> vectors) const;
  void skip(std::size_t bytes);  // at most left()

 private:
  Slices data_;
  std::size_t index_ = 0;   // the slice that is next,
  std::size_t offset_ = 0;  // and what of it is done
  std::size_t left_ = 0;
};

}  // namespace shoal
