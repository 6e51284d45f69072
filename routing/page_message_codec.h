// Frames of the page protocol (page_protocol.md): messages to bytes, and bytes to messages. Pure.
//
// PageOutbox gathers frames: heads of a batch lie behind each other in one buffer, payload is shared, never copied.
// PageFramer cuts received bytes into frames: it lends room to read into, and payload stays where it was received.
// decode() checks every value of a frame; decode(encode(x)) == x.
#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "routing/page_message.h"
#include "target/base/result.h"

namespace shoal::routing {

inline constexpr std::size_t kMaxHeadBytes = 136;  // of any frame: header and body
inline constexpr std::size_t kFrameHeaderBytes = 24;

struct Frame {
  FrameType type = FrameType::ping;
  std::uint64_t id = 0;
  ByteSpan body;  // valid until the framer's next call
  Slice payload;  // for as long as it is held
};

Result<PageRequestMessage, FrameFault> decode_page_request(const Frame& frame);
Result<PageResultMessage, FrameFault> decode_page_result(const Frame& frame);
Result<Message, FrameFault> decode(const Frame& frame);

class PageOutbox {
 public:
  void put(std::uint64_t id, PageRequest request, std::uint64_t age_us);  // issued_at is not sent
  void put(std::uint64_t id, PageResult result);
  void put(const Message& message);

  bool empty() const { return slices_.empty() && open_bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }
  Slices take();  // everything that was put, in order

 private:
  MutableByteSpan head(std::size_t body_bytes);
  void finish(FrameType type, std::uint64_t id, MutableByteSpan head, Slices payload = {});
  void close_run();

  Slices slices_;
  Slice arena_;                                  // heads of frames, one behind the other
  MutableByteSpan room_;                         // what is left of it
  std::size_t open_begin_ = 0, open_bytes_ = 0;  // heads that are not in slices_ yet
  std::size_t bytes_ = 0;
};

class PageFramer {
 public:
  struct NeedMore {};
  using Framed = std::variant<Frame, NeedMore, FrameFault>;

  // Only handshake frames pass before, only others after.
  void set_authenticated() { authenticated_ = true; }

  MutableByteSpan room();            // never empty once next() has said NeedMore; the same until received()
  void received(std::size_t bytes);  // of what room() gave
  Framed next();                     // after a fault nothing more comes

 private:
  using Chunk = std::shared_ptr<std::byte[]>;

  std::size_t unread() const { return end_ - begin_; }
  std::optional<FrameFault> check_header(ByteSpan header);
  static bool head_intact(ByteSpan head);
  Framed fail(FrameFault fault);
  Frame cut();
  void change_chunk();

  bool authenticated_ = false;
  std::optional<FrameFault> fault_;
  std::size_t wanted_ = kFrameHeaderBytes;  // how much of the frame at begin_ is known to come
  bool head_checked_ = false;
  Chunk chunk_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;  // received and not cut: [begin_, end_)
  std::vector<Chunk> pool_;                         // of one size; free where nobody else holds them
};

}  // namespace shoal::routing
