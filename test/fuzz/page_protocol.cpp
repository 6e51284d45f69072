// Fuzz: the page protocol's framer, codec and handshake with any bytes, and with frames whose lengths and checksums are right but
// whose values are any. What decodes must encode to what decodes again.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "routing/page_handshake.h"
#include "routing/page_message_codec.h"
#include "routing/page_message_layout.h"
#include "target/base/crc32c.h"

using namespace shoal;
using namespace shoal::routing;

namespace {

void feed(PageFramer& framer, ByteSpan bytes) {
  const MutableByteSpan room = framer.room();
  if (room.empty()) std::abort();
  const std::size_t count = std::min(room.size(), bytes.size());
  std::memcpy(room.data(), bytes.data(), count);
  framer.received(count);
  if (count < bytes.size()) feed(framer, bytes.subspan(count));
}

void check(const Message& message) {
  PageOutbox outbox;
  outbox.put(message);
  PageFramer framer;
  const Slice bytes = flatten(outbox.take());
  const auto type = static_cast<FrameType>(std::to_integer<std::uint8_t>(bytes.bytes()[4]));
  if (!is_handshake(type)) framer.set_authenticated();
  feed(framer, bytes.bytes());
  const auto framed = framer.next();
  const Frame* frame = std::get_if<Frame>(&framed);
  if (!frame || !decode(*frame)) std::abort();
}

// A frame that passes every check of its header.
std::vector<std::uint8_t> sealed(FuzzedDataProvider& in) {
  using namespace frame_layout;
  const std::string body = in.ConsumeRandomLengthString(kMaxHeadBytes - kHeaderBytes);
  const std::string payload = in.ConsumeRandomLengthString(2048);
  std::vector<std::uint8_t> frame(kHeaderBytes);
  frame.insert(frame.end(), body.begin(), body.end());
  const MutableByteSpan head = std::as_writable_bytes(std::span(frame));
  FrameBytes::put(head, static_cast<std::uint32_t>(frame.size() + payload.size()));
  Type::put(head, in.ConsumeIntegralInRange<std::uint8_t>(0, 26));
  HeadBytes::put(head, static_cast<std::uint16_t>(frame.size()));
  Id::put(head, in.ConsumeIntegral<std::uint64_t>());
  PayloadCrc::put(head, crc32c(as_bytes(payload)));
  HeadCrc::put(head, crc32c(head.subspan(kHeaderBytes), crc32c(head.first(kCrcAt))));
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

std::vector<std::uint8_t> stream(FuzzedDataProvider& in) {
  std::vector<std::uint8_t> bytes;
  if (!in.ConsumeBool()) return in.ConsumeRemainingBytes<std::uint8_t>();
  while (in.remaining_bytes() > 0 && bytes.size() < 65536) {
    const auto frame = sealed(in);
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  const LinkIdentity self{.member = {1}, .incarnation = 1, .stores = {}, .group = "fuzz", .key = "0123456789abcdef"};
  ListenerHandshake listener(self, Nonce{});
  DialerHandshake dialer(self, MemberId{2}, 1, Nonce{});
  PageFramer framer;
  if (in.ConsumeBool()) framer.set_authenticated();
  const std::size_t piece = in.ConsumeIntegralInRange<std::size_t>(1, 300);
  const auto bytes = stream(in);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    feed(framer, std::as_bytes(std::span(bytes)).subspan(at, std::min(piece, bytes.size() - at)));
    while (true) {
      const auto framed = framer.next();
      if (std::holds_alternative<PageFramer::NeedMore>(framed)) break;
      if (std::holds_alternative<FrameFault>(framed)) return 0;
      const auto message = decode(std::get<Frame>(framed));
      if (!message) continue;
      check(*message);
      listener.on_message(*message);
      dialer.on_message(*message);
    }
  }
  return 0;
}
