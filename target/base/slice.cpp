#include "target/base/slice.h"

#include "target/base/check.h"

namespace shoal {

Slices sub_slices(const Slices& slices, std::size_t offset, std::size_t length) {
  Slices run;
  for (const Slice& slice : slices) {
    if (length == 0) break;
    if (offset >= slice.size()) {
      offset -= slice.size();
      continue;
    }
    const std::size_t take = std::min(length, slice.size() - offset);
    run.push_back(slice.sub(offset, take));
    offset = 0;
    length -= take;
  }
  CHECK(length == 0, length);
  return run;
}

void copy_out(const Slices& slices, MutableByteSpan to) {
  std::size_t at = 0;
  for (const Slice& slice : slices) {
    CHECK(at + slice.size() <= to.size(), at, slice.size(), to.size());
    std::copy(slice.bytes().begin(), slice.bytes().end(), to.begin() + static_cast<std::ptrdiff_t>(at));
    at += slice.size();
  }
}

Slice flatten(const Slices& slices) {
  if (slices.size() == 1) return slices.front();
  MutableByteSpan fill;
  Slice whole = Slice::fresh(total_size(slices), fill);
  copy_out(slices, fill);
  return whole;
}

}  // namespace shoal
