#include "target/server/receive_buffers.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"

namespace shoal::server {

ReceiveBuffers::Buffer ReceiveBuffers::take() {
  const auto unused =
      std::find_if(spare_.begin(), spare_.end(), [](const Buffer& one) { return one.use_count() == 1; });
  if (unused == spare_.end()) return std::make_shared_for_overwrite<std::byte[]>(kBufferBytes);
  std::swap(*unused, spare_.back());
  Buffer buffer = std::move(spare_.back());
  spare_.pop_back();
  return buffer;
}

void ReceiveBuffers::give_back(Buffer buffer) {
  if (spare_.size() < kSpareBuffers) spare_.push_back(std::move(buffer));
}

void ReceiveRoom::release() {
  if (buffer_) buffers_.give_back(std::exchange(buffer_, nullptr));
}

MutableByteSpan ReceiveRoom::prepare() {
  if (buffer_ && buffer_.use_count() == 1) used_ = 0;
  if (buffer_ && ReceiveBuffers::kBufferBytes - used_ < kLeastRoom) release();
  if (!buffer_) {
    buffer_ = buffers_.take();
    used_ = 0;
  }
  return {buffer_.get() + used_, ReceiveBuffers::kBufferBytes - used_};
}

Slice ReceiveRoom::take(std::size_t received) {
  CHECK(buffer_ && received <= ReceiveBuffers::kBufferBytes - used_, received, used_);
  const ByteSpan bytes(buffer_.get() + used_, received);
  used_ += received;
  return Slice::share(buffer_, bytes);
}

}  // namespace shoal::server
