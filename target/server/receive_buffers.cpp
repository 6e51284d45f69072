#include "target/server/receive_buffers.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"

namespace shoal::server {

ReceiveBuffers::Buffer ReceiveBuffers::take(Size size) {
  auto& spare = spare_[static_cast<std::size_t>(size)];
  const auto unused = std::ranges::find_if(spare, &Buffer::unshared);
  if (unused == spare.end()) return {std::make_shared_for_overwrite<std::byte[]>(bytes_of(size)), size};
  std::swap(*unused, spare.back());
  Buffer buffer = std::move(spare.back());
  spare.pop_back();
  return buffer;
}

void ReceiveBuffers::give_back(Buffer buffer) {
  auto& spare = spare_[static_cast<std::size_t>(buffer.size)];
  if (spare.size() < kSpareBuffers) spare.push_back(std::move(buffer));
}

void ReceiveRoom::release() {
  if (buffer_.bytes) buffers_.give_back(std::exchange(buffer_, {}));
}

MutableByteSpan ReceiveRoom::prepare() {
  if (buffer_.bytes && buffer_.unshared()) used_ = 0;
  if (buffer_.size != wanted_ || room() < ReceiveBuffers::bytes_of(wanted_) / kLeastShare) release();
  if (!buffer_.bytes) {
    buffer_ = buffers_.take(wanted_);
    used_ = 0;
  }
  return {buffer_.bytes.get() + used_, room()};
}

Slice ReceiveRoom::take(std::size_t received, Time now) {
  CHECK(buffer_.bytes && received <= room(), received, used_);
  const ByteSpan bytes(buffer_.bytes.get() + used_, received);
  if (received == room() && may_be_large_) {
    wanted_ = ReceiveBuffers::Size::large;
  } else if (received < ReceiveBuffers::bytes_of(ReceiveBuffers::Size::small) && now - latest_ >= kLittleForSo) {
    wanted_ = ReceiveBuffers::Size::small;
  }
  latest_ = now;
  used_ += received;
  return Slice::share(buffer_.bytes, bytes);
}

}  // namespace shoal::server
