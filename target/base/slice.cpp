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

std::optional<std::size_t> first_difference(const Slices& a, const Slices& b) {
  std::size_t equal = 0;
  ByteSpan rest_a, rest_b;
  for (auto in_a = a.begin(), in_b = b.begin();;) {
    while (rest_a.empty() && in_a != a.end()) rest_a = (in_a++)->bytes();
    while (rest_b.empty() && in_b != b.end()) rest_b = (in_b++)->bytes();
    const std::size_t count = std::min(rest_a.size(), rest_b.size());
    if (count == 0) return std::nullopt;
    const auto differ = std::mismatch(rest_a.begin(), rest_a.begin() + count, rest_b.begin()).first - rest_a.begin();
    equal += static_cast<std::size_t>(differ);
    if (static_cast<std::size_t>(differ) != count) return equal;
    rest_a = rest_a.subspan(count);
    rest_b = rest_b.subspan(count);
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
