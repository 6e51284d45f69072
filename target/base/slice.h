// Slice: an immutable, reference-counted run of bytes. Payload travels through the whole target as slices, so that
// it is received once and copied at most once (into or out of a store) on its way.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "target/base/bytes.h"

namespace shoal {

class Slice {
 public:
  Slice() = default;

  // `size` fresh bytes; the caller fills them through `fill` before it shares the slice.
  static Slice fresh(std::size_t size, MutableByteSpan& fill) {
    auto owner = std::make_shared_for_overwrite<std::byte[]>(size);
    fill = {owner.get(), size};
    std::byte* data = owner.get();
    return Slice(std::shared_ptr<const void>(std::move(owner)), data, size);
  }
  static Slice copy_of(ByteSpan bytes) {
    MutableByteSpan fill;
    Slice slice = fresh(bytes.size(), fill);
    std::copy(bytes.begin(), bytes.end(), fill.begin());
    return slice;
  }
  static Slice copy_of(std::string_view text) { return copy_of(as_bytes(text)); }
  // Bytes that `owner` keeps alive and that nobody changes any more.
  static Slice share(std::shared_ptr<const void> owner, ByteSpan bytes) {
    return Slice(std::move(owner), bytes.data(), bytes.size());
  }
  // Bytes that live for ever (constants).
  static Slice of_static(ByteSpan bytes) { return Slice(nullptr, bytes.data(), bytes.size()); }

  ByteSpan bytes() const { return {data_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Slice sub(std::size_t offset, std::size_t length) const { return Slice(owner_, data_ + offset, length); }

 private:
  Slice(std::shared_ptr<const void> owner, const std::byte* data, std::size_t size)
      : owner_(std::move(owner)), data_(data), size_(size) {}

  std::shared_ptr<const void> owner_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Bytes in order, gathered from several places.
using Slices = std::vector<Slice>;

inline std::size_t total_size(const Slices& slices) {
  std::size_t size = 0;
  for (const Slice& slice : slices) size += slice.size();
  return size;
}

// The run [offset, offset + length) of `slices`, sharing their bytes. It must lie inside.
Slices sub_slices(const Slices& slices, std::size_t offset, std::size_t length);

// All bytes copied to `to`, which must be at least total_size(slices) long.
void copy_out(const Slices& slices, MutableByteSpan to);

// Offset of the first byte in which they differ, as far as both go; nullopt: nowhere.
std::optional<std::size_t> first_difference(const Slices& a, const Slices& b);

// One slice with all bytes: the slice itself where there is one, else a copy.
Slice flatten(const Slices& slices);

}  // namespace shoal
