#include "routing/page_message_codec.h"

#include <catch2/catch.hpp>

#include "target/base/crc32c.h"
#include "test/unit/routing/routing_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

Slice bytes_of(const Message& message) {
  PageOutbox outbox;
  outbox.put(message);
  return flatten(outbox.take());
}

// As much of the bytes as there is room for now.
std::size_t feed_some(PageFramer& framer, ByteSpan bytes) {
  const MutableByteSpan room = framer.room();
  const std::size_t now = std::min(room.size(), bytes.size());
  REQUIRE(now > 0);
  std::copy_n(bytes.begin(), now, room.begin());
  framer.received(now);
  return now;
}

void feed(PageFramer& framer, ByteSpan bytes) {
  while (!bytes.empty()) bytes = bytes.subspan(feed_some(framer, bytes));
}

// What the framer makes of bytes that come in as many reads as it has room for.
PageFramer::Framed frame_of(PageFramer& framer, ByteSpan bytes) {
  PageFramer::Framed framed = framer.next();
  while (!bytes.empty() && std::holds_alternative<PageFramer::NeedMore>(framed)) {
    bytes = bytes.subspan(feed_some(framer, bytes));
    framed = framer.next();
  }
  return framed;
}

bool is_handshake_message(const Message& message) { return message.index() <= 4; }

PageFramer framer_for(const Message& message) {
  PageFramer framer;
  if (!is_handshake_message(message)) framer.set_authenticated();
  return framer;
}

Result<Message, FrameFault> read_back(const Message& message, ByteSpan bytes) {
  PageFramer framer = framer_for(message);
  const auto framed = frame_of(framer, bytes);
  if (const auto* fault = std::get_if<FrameFault>(&framed)) return *fault;
  REQUIRE(std::holds_alternative<Frame>(framed));
  return decode(std::get<Frame>(framed));
}

template <class T>
T round_trip(const T& message) {
  const auto back = read_back(message, bytes_of(message).bytes());
  REQUIRE(back.has_value());
  REQUIRE(std::holds_alternative<T>(*back));
  return std::get<T>(*back);
}

template <std::size_t N>
std::array<std::byte, N> filled(int value) {
  std::array<std::byte, N> bytes;
  bytes.fill(static_cast<std::byte>(value));
  return bytes;
}

PageRequestMessage write_request(std::uint32_t blocks = 2) {
  return {.id = 0x1122334455667788,
          .request = {.kind = OperationKind::write,
                      .page = {ImageId{7}, PageIndex{6}},
                      .offset = 3 * kBlockBytes,
                      .length = blocks * kBlockBytes,
                      .fua = true,
                      .epoch = Epoch{4},
                      .store = store_id(1),
                      .origin = {.nexus = nexus_id(2),
                                 .generation = Generation{std::uint64_t{5} << 32 | 6},
                                 .id = OperationId{70},
                                 .lowest_unfinished = OperationId{69},
                                 .reservation_generation = 8},
                      .part = 9,
                      .data = {pattern(3, 1), pattern(4, blocks - 1)}},
          .age_us = 1500};
}

Hello hello() {
  return {.group = filled<32>(1),
          .from = MemberId{2},
          .to = MemberId{3},
          .incarnation = 4,
          .link_number = 5,
          .nonce = filled<32>(6),
          .stores = store_ids(2)};
}

std::vector<Message> one_of_each() {
  return {hello(),
          Challenge{.from = MemberId{3}, .incarnation = 9, .nonce = filled<32>(7), .stores = store_ids(3)},
          Proof{filled<32>(8)},
          Welcome{filled<32>(9)},
          Refusal{RefusalReason::group},
          write_request(),
          PageResultMessage{11, {.status = PageStatus::ok, .data = {pattern(0, 2)}}},
          FenceMessage{12, {ImageId{7}, nexus_id(1), Generation{5}}},
          FenceDoneMessage{12, PageStatus::ok},
          AbortMessage{13, ImageId{7}, {nexus_id(1), OperationId{70}, Generation{5}}},
          AbortDoneMessage{13},
          ControlRequestMessage{14, 1, Slice::copy_of("{}")},
          ControlReplyMessage{14, false, Slice::copy_of("{\"ok\":true}")},
          Ping{15},
          Pong{15}};
}

// The frame with a byte changed and both checksums right again: what a peer with a fault of its own would send.
Slice forged(const Message& message, std::size_t at, int value) {
  const Slice good = bytes_of(message);
  std::vector<std::byte> bytes(good.bytes().begin(), good.bytes().end());
  bytes.at(at) = static_cast<std::byte>(value);
  const std::size_t head = std::min<std::size_t>(load_le<std::uint16_t>(good.bytes(), 6), bytes.size());
  store_le(MutableByteSpan(bytes), 16, crc32c(ByteSpan(bytes).subspan(head)));
  const std::uint32_t crc = crc32c(ByteSpan(bytes).first(20));
  store_le(MutableByteSpan(bytes), 20, crc32c(ByteSpan(bytes).subspan(24, head - 24), crc));
  return Slice::copy_of(ByteSpan(bytes));
}

FrameFault fault_of(const Message& message, const Slice& bytes) {
  const auto read = read_back(message, bytes.bytes());
  REQUIRE(read.has_error());
  return read.error();
}

constexpr std::size_t kBody = kFrameHeaderBytes;

}  // namespace

TEST_CASE("a write request comes back as it was, its age apart") {
  const PageRequestMessage back = round_trip(write_request());
  const PageRequestMessage sent = write_request();
  CHECK(back.id == sent.id);
  CHECK(back.age_us == sent.age_us);
  CHECK(back.request.kind == sent.request.kind);
  CHECK(back.request.page == sent.request.page);
  CHECK(back.request.offset == sent.request.offset);
  CHECK(back.request.length == sent.request.length);
  CHECK(back.request.fua == sent.request.fua);
  CHECK(back.request.epoch == sent.request.epoch);
  CHECK(back.request.store == sent.request.store);
  CHECK(back.request.origin == sent.request.origin);
  CHECK(back.request.part == sent.request.part);
  CHECK(same_bytes(back.request.data, sent.request.data));
}

TEST_CASE("a result comes back with its extents and its data") {
  const PageResultMessage sent{3,
                               {.status = PageStatus::miscompare,
                                .data = {pattern(9, 1)},
                                .detail = 77,
                                .lba_status = {{{Lba{0}, 8}, true}, {{Lba{8}, 120}, false}}}};
  const PageResultMessage back = round_trip(sent);
  CHECK(back.id == 3);
  CHECK(back.result.status == PageStatus::miscompare);
  CHECK(back.result.detail == 77);
  CHECK(back.result.lba_status == sent.result.lba_status);
  CHECK(same_bytes(back.result.data, sent.result.data));
}

TEST_CASE("handshake messages come back as they were") {
  CHECK(round_trip(hello()) == hello());
  const Challenge challenge{.from = MemberId{3}, .incarnation = 9, .nonce = filled<32>(7), .stores = store_ids(3)};
  CHECK(round_trip(challenge) == challenge);
  CHECK(round_trip(Proof{filled<32>(1)}) == Proof{filled<32>(1)});
  CHECK(round_trip(Welcome{filled<32>(2)}) == Welcome{filled<32>(2)});
  CHECK(round_trip(Refusal{RefusalReason::stale_link}) == Refusal{RefusalReason::stale_link});
}

TEST_CASE("fences, aborts, control messages and pings come back as they were") {
  const FenceMessage fence = round_trip(FenceMessage{12, {ImageId{7}, nexus_id(1), Generation{5}}});
  CHECK(fence.id == 12);
  CHECK(fence.fence == Fence{ImageId{7}, nexus_id(1), Generation{5}});
  CHECK(round_trip(FenceDoneMessage{1, PageStatus::failed}).status == PageStatus::failed);
  const AbortMessage abort = round_trip(AbortMessage{13, ImageId{7}, {nexus_id(1), OperationId{70}, Generation{5}}});
  CHECK(abort.image == ImageId{7});
  CHECK(abort.selection.nexus == nexus_id(1));
  CHECK(abort.selection.id == OperationId{70});
  CHECK(abort.selection.generation == Generation{5});
  CHECK(round_trip(AbortDoneMessage{13}).id == 13);
  const ControlRequestMessage request = round_trip(ControlRequestMessage{14, 999, Slice::copy_of("body")});
  CHECK(request.kind == 999);
  CHECK(as_text(request.body.bytes()) == "body");
  CHECK(round_trip(ControlReplyMessage{14, true, {}}).refused);
  CHECK(round_trip(Ping{0xfedcba9876543210}).stamp == 0xfedcba9876543210);
  CHECK(round_trip(Pong{7}).stamp == 7);
}

TEST_CASE("the read request of page_protocol.md has these bytes") {
  PageRequestMessage message{.id = 5,
                             .request = {.kind = OperationKind::read,
                                         .page = {ImageId{7}, PageIndex{6}},
                                         .offset = 0x8000,
                                         .length = 4096,
                                         .epoch = Epoch{1},
                                         .store = store_id(1),
                                         .origin = {.nexus = nexus_id(2),
                                                    .generation = Generation{0x1'00000003},
                                                    .id = OperationId{70},
                                                    .lowest_unfinished = OperationId{69}}},
                             .age_us = 1500};
  const std::uint8_t expected[] = {
      0x88, 0,    0, 0, 0x10, 0,    0x88, 0,    5,    0, 0, 0, 0, 0, 0, 0,
      0,    0,    0, 0, 0x82, 0xc8, 0xef, 0x2a,                             // header
      0,    0,    0, 0, 0,    0,    0,    0,                                // kind, flags, part
      7,    0,    0, 0, 0,    0,    0,    0,    6,    0, 0, 0, 0, 0, 0, 0,  // image, page
      0,    0x80, 0, 0, 0,    0x10, 0,    0,    1,    0, 0, 0, 0, 0, 0, 0,  // range, epoch
      0,    0,    0, 0, 0,    0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 1,  // store
      2,    0,    0, 0, 0,    0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0,  // nexus
      3,    0,    0, 0, 1,    0,    0,    0,    70,   0, 0, 0, 0, 0, 0, 0,
      69,   0,    0, 0, 0,    0,    0,    0,                                 // generation, ids
      0,    0,    0, 0, 0,    0,    0,    0,    0xdc, 5, 0, 0, 0, 0, 0, 0};  // reservation, age
  CHECK(std::ranges::equal(bytes_of(message).bytes(), std::as_bytes(std::span(expected))));
}

TEST_CASE("a ping has these bytes") {
  const Slice bytes = bytes_of(Ping{0x0102});
  const std::uint8_t head[] = {32, 0, 0, 0, 24, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const std::uint8_t body[] = {2, 1, 0, 0, 0, 0, 0, 0};
  REQUIRE(bytes.size() == 32);
  CHECK(std::ranges::equal(bytes.bytes().first(20), std::as_bytes(std::span(head))));
  CHECK(std::ranges::equal(bytes.bytes().subspan(24), std::as_bytes(std::span(body))));
  const std::uint32_t crc = crc32c(std::as_bytes(std::span(body)), crc32c(std::as_bytes(std::span(head))));
  CHECK(load_le<std::uint32_t>(bytes.bytes(), 20) == crc);
}

TEST_CASE("a write request has its fields at these places") {
  const Slice slice = bytes_of(write_request());
  const ByteSpan bytes = slice.bytes();
  CHECK(bytes.size() == 24 + 112 + 1024);
  CHECK(load_le<std::uint32_t>(bytes, 0) == bytes.size());
  CHECK(load_le<std::uint64_t>(bytes, 8) == 0x1122334455667788);
  CHECK(bytes[kBody] == std::byte{1});
  CHECK(bytes[kBody + 1] == std::byte{1});
  CHECK(load_le<std::uint32_t>(bytes, kBody + 4) == 9);
  CHECK(load_le<std::uint64_t>(bytes, kBody + 8) == 7);
  CHECK(load_le<std::uint64_t>(bytes, kBody + 16) == 6);
  CHECK(load_le<std::uint32_t>(bytes, kBody + 24) == 1536);
  CHECK(load_le<std::uint32_t>(bytes, kBody + 28) == 1024);
  CHECK(load_le<std::uint32_t>(bytes, kBody + 32) == 4);
  CHECK(load_le<std::uint64_t>(bytes, kBody + 104) == 1500);
  CHECK(load_le<std::uint32_t>(bytes, 16) == crc32c(bytes.subspan(136)));
}

TEST_CASE("an age above an hour is sent as an hour") {
  PageRequestMessage old = write_request();
  old.age_us = ~std::uint64_t{0};
  CHECK(round_trip(old).age_us == 3'600'000'000);
}

TEST_CASE("payload is shared by the outbox, and heads of a batch lie in one run") {
  PageOutbox outbox;
  CHECK(outbox.empty());
  for (std::uint64_t i = 0; i < 10; ++i) outbox.put(Message(Ping{i}));
  const Slice payload = pattern(0, 8);
  outbox.put(1, PageResult{.data = {payload}});
  CHECK(outbox.bytes() == 10 * 32 + 40 + payload.size());
  const Slices slices = outbox.take();
  REQUIRE(slices.size() == 2);
  CHECK(slices[1].bytes().data() == payload.bytes().data());
  CHECK(outbox.empty());
  CHECK(outbox.bytes() == 0);
}

TEST_CASE("frames are the same however the stream was split") {
  std::vector<std::byte> stream;
  for (const Message& message : one_of_each()) {
    if (is_handshake_message(message)) continue;
    const Slice bytes = bytes_of(message);
    stream.insert(stream.end(), bytes.bytes().begin(), bytes.bytes().end());
  }
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    PageFramer framer;
    framer.set_authenticated();
    std::vector<FrameType> types;
    for (const ByteSpan part : {ByteSpan(stream).first(first), ByteSpan(stream).subspan(first)}) {
      feed(framer, part);
      for (auto framed = framer.next(); std::holds_alternative<Frame>(framed); framed = framer.next()) {
        REQUIRE(decode(std::get<Frame>(framed)).has_value());
        types.push_back(std::get<Frame>(framed).type);
      }
    }
    REQUIRE(types.size() == 10);
    REQUIRE(types.front() == FrameType::page_request);
    REQUIRE(types.back() == FrameType::pong);
  }
}

TEST_CASE("a stream of single bytes is framed as well") {
  PageFramer framer;
  framer.set_authenticated();
  const Slice bytes = bytes_of(write_request());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    REQUIRE(std::holds_alternative<PageFramer::NeedMore>(framer.next()));
    feed(framer, bytes.bytes().subspan(i, 1));
  }
  CHECK(std::holds_alternative<Frame>(framer.next()));
}

TEST_CASE("payload stays valid while later frames come and go") {
  PageFramer framer;
  framer.set_authenticated();
  std::vector<Slice> payloads;
  const PageRequestMessage large = write_request(512);
  for (int i = 0; i < 40; ++i) {
    PageRequestMessage message = large;
    message.request.data = {pattern(static_cast<std::uint64_t>(i), 512)};
    const auto framed = frame_of(framer, bytes_of(message).bytes());
    REQUIRE(std::holds_alternative<Frame>(framed));
    payloads.push_back(std::get<Frame>(framed).payload);
  }
  for (int i = 0; i < 40; ++i) {
    REQUIRE(same_bytes({payloads[static_cast<std::size_t>(i)]}, {pattern(static_cast<std::uint64_t>(i), 512)}));
  }
}

TEST_CASE("the largest payload passes, and nothing is reserved for one that is larger") {
  PageRequestMessage largest = write_request();
  largest.request.offset = 0;
  largest.request.length = kMaxRequestBytes;
  largest.request.data = {pattern(0, kMaxRequestBytes / kBlockBytes)};
  CHECK(read_back(largest, bytes_of(largest).bytes()).has_value());
  Slice head = bytes_of(largest);
  std::vector<std::byte> bytes(head.bytes().begin(), head.bytes().begin() + 136);
  store_le(MutableByteSpan(bytes), 0, std::uint32_t{136 + kMaxPayloadBytes + 1});
  CHECK(fault_of(largest, Slice::copy_of(ByteSpan(bytes))) == FrameFault::bad_length);
}

TEST_CASE("any flipped bit is found") {
  for (const Message& message : one_of_each()) {
    const Slice good = bytes_of(message);
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::vector<std::byte> bad(good.bytes().begin(), good.bytes().end());
      bad[i] ^= std::byte{1};
      PageFramer framer = framer_for(message);
      const auto framed = frame_of(framer, ByteSpan(bad));
      INFO("message " << message.index() << " byte " << i);
      REQUIRE_FALSE(std::holds_alternative<Frame>(framed));
    }
  }
}

TEST_CASE("after a fault nothing more comes") {
  PageFramer framer;
  framer.set_authenticated();
  feed(framer, forged(Ping{1}, 4, 99).bytes());
  feed(framer, bytes_of(Ping{2}).bytes());
  CHECK(std::get<FrameFault>(framer.next()) == FrameFault::unknown_type);
  CHECK(std::get<FrameFault>(framer.next()) == FrameFault::unknown_type);
}

TEST_CASE("only handshake frames pass before the handshake, and none after it") {
  PageFramer before;
  feed(before, bytes_of(write_request()).bytes());
  CHECK(std::get<FrameFault>(before.next()) == FrameFault::not_authenticated);
  PageFramer after;
  after.set_authenticated();
  feed(after, bytes_of(hello()).bytes());
  CHECK(std::get<FrameFault>(after.next()) == FrameFault::not_authenticated);
}

TEST_CASE("a handshake frame may not be long before the peer has proved itself") {
  const Slice good = bytes_of(hello());
  std::vector<std::byte> bytes(good.bytes().begin(), good.bytes().end());
  store_le(MutableByteSpan(bytes), 0, std::uint32_t{24 + 104 + kMaxHandshakeBytes + 1});
  CHECK(fault_of(hello(), Slice::copy_of(ByteSpan(bytes))) == FrameFault::bad_length);
}

TEST_CASE("values that a type does not allow are faults, under right checksums too") {
  const Message request = write_request();
  CHECK(fault_of(request, forged(request, kBody, 7)) == FrameFault::bad_field);        // kind
  CHECK(fault_of(request, forged(request, kBody + 1, 2)) == FrameFault::bad_field);    // flags
  CHECK(fault_of(request, forged(request, kBody + 24, 1)) == FrameFault::bad_field);   // offset inside a block
  CHECK(fault_of(request, forged(request, kBody + 27, 16)) == FrameFault::bad_field);  // offset beyond the largest page
  CHECK(fault_of(request, forged(request, kBody + 28, 1)) == FrameFault::bad_field);   // length inside a block
  CHECK(fault_of(request, forged(request, kBody + 29, 8)) ==
        FrameFault::bad_length);                                                  // length that the payload has not
  CHECK(fault_of(request, forged(request, kBody, 0)) == FrameFault::bad_length);  // a read that brings data
  CHECK(fault_of(request, forged(request, 5, 1)) == FrameFault::bad_field);       // reserved
  CHECK(fault_of(hello(), forged(hello(), kBody, 0)) == FrameFault::bad_field);   // magic
  const Message refusal = Refusal{};
  CHECK(fault_of(refusal, forged(refusal, kBody, 0)) == FrameFault::bad_field);
  CHECK(fault_of(refusal, forged(refusal, kBody, 7)) == FrameFault::bad_field);
  const Message done = FenceDoneMessage{1, PageStatus::ok};
  CHECK(fault_of(done, forged(done, kBody, 11)) == FrameFault::bad_field);  // unreachable is never on the wire
  const Message reply = ControlReplyMessage{1, false, {}};
  CHECK(fault_of(reply, forged(reply, kBody, 2)) == FrameFault::bad_field);
}

TEST_CASE("extents of a result must lie inside a page and inside the payload") {
  const Message result = PageResultMessage{1, {.lba_status = {{{Lba{0}, 8}, true}}}};
  const std::size_t extent = kBody + 16;
  CHECK(fault_of(result, forged(result, kBody + 4, 2)) == FrameFault::bad_length);  // more than the payload has
  CHECK(fault_of(result, forged(result, kBody + 6, 1)) == FrameFault::bad_length);  // more than allowed
  CHECK(fault_of(result, forged(result, extent + 2, 2)) ==
        FrameFault::bad_field);  // first block beyond the largest page
  CHECK(fault_of(result, forged(result, extent + 8, 0)) == FrameFault::bad_field);   // no blocks
  CHECK(fault_of(result, forged(result, extent + 12, 2)) == FrameFault::bad_field);  // mapped
}

TEST_CASE("a flush brings no data, a compare and write brings twice its length") {
  PageRequestMessage flush{.id = 1, .request = {.kind = OperationKind::flush, .store = store_id(1)}};
  CHECK(read_back(flush, bytes_of(flush).bytes()).has_value());
  flush.request.data = {pattern(0, 1)};
  CHECK(fault_of(flush, bytes_of(flush)) == FrameFault::bad_length);
  PageRequestMessage compare = write_request();
  compare.request.kind = OperationKind::compare_and_write;
  CHECK(fault_of(compare, bytes_of(compare)) == FrameFault::bad_length);
  compare.request.length = kBlockBytes;
  CHECK(read_back(compare, bytes_of(compare).bytes()).has_value());
}

TEST_CASE("a compare and write that keeps its range brings only what is compared; nothing else keeps anything") {
  PageRequestMessage keep = write_request();
  keep.request.kind = OperationKind::compare_and_write;
  keep.request.keep = true;
  const PageRequestMessage back = round_trip(keep);
  CHECK(back.request.keep);
  CHECK(same_bytes(back.request.data, keep.request.data));
  keep.request.length /= 2;
  CHECK(fault_of(keep, bytes_of(keep)) == FrameFault::bad_length);
  PageRequestMessage write = write_request();
  write.request.keep = true;
  CHECK(fault_of(write, bytes_of(write)) == FrameFault::bad_field);
}
