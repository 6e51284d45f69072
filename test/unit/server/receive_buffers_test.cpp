#include "target/server/receive_buffers.h"

#include <catch2/catch.hpp>

namespace shoal::server {
namespace {

constexpr std::size_t kSmall = ReceiveBuffers::bytes_of(ReceiveBuffers::Size::small);
constexpr std::size_t kLarge = ReceiveBuffers::bytes_of(ReceiveBuffers::Size::large);
constexpr Time kStart{1h};

// The room of a host that has logged in.
struct Rig {
  explicit Rig(ReceiveBuffers& buffers) : room(buffers) { room.allow_large(); }
  // A read that fills all there is.
  Slice fill() { return room.take(room.prepare().size(), kStart); }
  ReceiveRoom room;
};

TEST_CASE("reads that nobody keeps use the beginning of one buffer over and over") {
  ReceiveBuffers buffers;
  ReceiveRoom room(buffers);
  const MutableByteSpan first = room.prepare();
  { const Slice gone = room.take(100, kStart); }
  CHECK(room.prepare().data() == first.data());
}

TEST_CASE("what is kept is not written over") {
  ReceiveBuffers buffers;
  ReceiveRoom room(buffers);
  const MutableByteSpan first = room.prepare();
  const Slice kept = room.take(100, kStart);
  CHECK(kept.bytes().data() == first.data());
  CHECK(room.prepare().data() == first.data() + 100);
}

TEST_CASE("a read always has room for a batch") {
  ReceiveBuffers buffers;
  Rig rig(buffers);
  rig.fill();
  std::vector<Slice> kept;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(rig.room.prepare().size() >= kLarge / ReceiveRoom::kLeastShare);
    kept.push_back(rig.room.take(10'000, kStart));
  }
}

TEST_CASE("a buffer that was full is used again when its last slice has gone") {
  ReceiveBuffers buffers;
  Rig rig(buffers);
  rig.fill();
  const std::byte* const first = rig.room.prepare().data();
  Slice kept = rig.fill();
  CHECK(kept.size() == kLarge);
  const std::byte* const second = rig.room.prepare().data();
  CHECK(second != first);
  kept = {};
  const Slice next = rig.fill();
  CHECK(rig.room.prepare().data() == first);
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

TEST_CASE("who sends much gets large buffers, until it sends little after a silence") {
  ReceiveBuffers buffers;
  Rig rig(buffers);
  CHECK(rig.room.prepare().size() == kSmall);
  rig.fill();
  CHECK(rig.room.prepare().size() == kLarge);
  rig.room.take(48, kStart + 999ms);  // the end of a batch
  CHECK(rig.room.prepare().size() == kLarge);
  rig.room.take(48, kStart + 2s);  // a ping
  CHECK(rig.room.prepare().size() == kSmall);
}

TEST_CASE("who has not logged in never gets a large buffer") {
  ReceiveBuffers buffers;
  ReceiveRoom room(buffers);
  for (int i = 0; i < 3; ++i) room.take(room.prepare().size(), kStart);
  CHECK(room.prepare().size() == kSmall);
}

}  // namespace
}  // namespace shoal::server
