// ReceiveBuffers: the memory that sockets are read into. Payload stays where it was received: slices of a buffer travel
// on with a command's data, and the buffer is used again when nobody holds one any more. So a host that only reads is
// served from the first few KiB of one buffer, and steady writes allocate nothing.
//
// A read that waits for an idle host keeps its buffer for as long as the host is idle, and so do strangers that have
// not logged in. So there are small buffers, which hold a batch of commands or a write of 4 KiB, and large ones for who
// has shown that it sends more.
//
// One thread. A buffer is fresh again when its owner is alone; who drops the last slice on another thread must hand
// over with the usual ordering (completions do).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "target/base/slice.h"
#include "target/base/time.h"

namespace shoal::server {

class ReceiveBuffers {
 public:
  enum class Size { small, large };
  struct Buffer {
    std::shared_ptr<std::byte[]> bytes;
    Size size = Size::small;
    bool unshared() const { return bytes.use_count() == 1; }
  };

  static constexpr std::size_t bytes_of(Size size) {
    constexpr std::size_t kSmall = 8 * 1024, kLarge = 120 * 1024;  // below what malloc maps and unmaps each time
    return size == Size::small ? kSmall : kLarge;
  }
  static constexpr std::size_t kSpareBuffers = 64;  // of each size, kept for use again

  Buffer take(Size size);         // nobody else holds it
  void give_back(Buffer buffer);  // slices of it may still be held

 private:
  std::array<std::vector<Buffer>, 2> spare_;
};

// Where one connection's reads go, one after the other. While it sends much the room asked for is always large: small
// requests of a batch lie side by side, and a large payload takes as few pieces as there were buffers.
class ReceiveRoom {
 public:
  static constexpr std::size_t kLeastShare = 4;  // a read has at least this part of a buffer
  static constexpr Duration kLittleForSo = 1s;   // a little after so long a silence: small buffers do again

  explicit ReceiveRoom(ReceiveBuffers& buffers) : buffers_(buffers) {}
  ~ReceiveRoom() { release(); }
  ReceiveRoom(const ReceiveRoom&) = delete;

  MutableByteSpan prepare();                    // for the next read
  Slice take(std::size_t received, Time now);   // what it brought
  void allow_large() { may_be_large_ = true; }  // the host has logged in
  void release();                               // no more reads; afterwards the pool is not used

 private:
  std::size_t room() const { return ReceiveBuffers::bytes_of(buffer_.size) - used_; }

  ReceiveBuffers& buffers_;
  ReceiveBuffers::Buffer buffer_;  // none: bytes is null
  std::size_t used_ = 0;
  ReceiveBuffers::Size wanted_ = ReceiveBuffers::Size::small;
  bool may_be_large_ = false;
  Time latest_{};  // read that brought something
};

}  // namespace shoal::server
