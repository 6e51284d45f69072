#include "target/server/receive_buffers.h"

#include <catch2/catch.hpp>

namespace shoal::server {
namespace {

TEST_CASE("reads that nobody keeps use the beginning of one buffer over and over") {
  ReceiveBuffers buffers;
  ReceiveRoom room(buffers);
  const MutableByteSpan first = room.prepare();
  { const Slice gone = room.take(100); }
  CHECK(room.prepare().data() == first.data());
}

TEST_CASE("what is kept is not written over") {
  ReceiveBuffers buffers;
  ReceiveRoom room(buffers);
  const MutableByteSpan first = room.prepare();
  const Slice kept = room.take(100);
  CHECK(kept.bytes().data() == first.data());
  CHECK(room.prepare().data() == first.data() + 100);
}

TEST_CASE("a read always has room for a batch") {
  ReceiveBuffers buffers;
  ReceiveRoom room(buffers);
  std::vector<Slice> kept;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(room.prepare().size() >= ReceiveRoom::kLeastRoom);
    kept.push_back(room.take(10'000));
  }
}

TEST_CASE("a buffer that was full is used again when its last slice has gone") {
  ReceiveBuffers buffers;
  ReceiveRoom room(buffers);
  const std::byte* const first = room.prepare().data();
  Slice kept = room.take(ReceiveBuffers::kBufferBytes);
  const std::byte* const second = room.prepare().data();
  CHECK(second != first);
  kept = {};
  const Slice next = room.take(ReceiveBuffers::kBufferBytes);
  CHECK(room.prepare().data() == first);
}

TEST_CASE("a closed connection leaves its buffer to the others") {
  ReceiveBuffers buffers;
  const std::byte* first = nullptr;
  {
    ReceiveRoom room(buffers);
    first = room.prepare().data();
  }
  ReceiveRoom other(buffers);
  CHECK(other.prepare().data() == first);
}

}  // namespace
}  // namespace shoal::server
