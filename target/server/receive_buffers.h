// ReceiveBuffers: the memory that sockets are read into. Payload stays where it was received: slices of a buffer travel
// on with a command's data, and the buffer is used again when nobody holds one any more. So a host that only reads is
// served from the first few KiB of one buffer, and steady writes allocate nothing.
//
// One thread. A buffer is fresh again when its owner is alone; who drops the last slice on another thread must hand
// over with the usual ordering (completions do).
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "target/base/slice.h"

namespace shoal::server {

class ReceiveBuffers {
 public:
  using Buffer = std::shared_ptr<std::byte[]>;

  static constexpr std::size_t kBufferBytes = 120 * 1024;  // below what malloc maps and unmaps each time
  static constexpr std::size_t kSpareBuffers = 64;         // kept for use again

  Buffer take();                  // nobody else holds it
  void give_back(Buffer buffer);  // slices of it may still be held

 private:
  std::vector<Buffer> spare_;
};

// Where one connection's reads go, one after the other. The room asked for is always large: small requests of a batch
// lie side by side, and a large payload takes as few pieces as there were buffers.
class ReceiveRoom {
 public:
  static constexpr std::size_t kLeastRoom = 32 * 1024;

  explicit ReceiveRoom(ReceiveBuffers& buffers) : buffers_(buffers) {}
  ~ReceiveRoom() { release(); }
  ReceiveRoom(const ReceiveRoom&) = delete;

  MutableByteSpan prepare();         // for the next read
  Slice take(std::size_t received);  // what it brought
  void release();                    // no more reads; afterwards the pool is not used

 private:
  ReceiveBuffers& buffers_;
  ReceiveBuffers::Buffer buffer_;
  std::size_t used_ = 0;
};

}  // namespace shoal::server
