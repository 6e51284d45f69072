#include <catch2/catch.hpp>

#include "target/base/random.h"
#include "target/iscsi/framer.h"
#include "target/iscsi/pdu_writer.h"
#include "test/support/initiator_pdus.h"

using namespace shoal;
using namespace shoal::iscsi;
using test::pattern;
using test::wire;

namespace {

std::string text_of(const Slices& slices) { return std::string(as_text(flatten(slices).bytes())); }

std::vector<Frame> all_frames(Framer& framer) {
  std::vector<Frame> frames;
  while (true) {
    auto framed = framer.next();
    if (auto* frame = std::get_if<Frame>(&framed)) {
      frames.push_back(std::move(*frame));
    } else {
      REQUIRE(std::holds_alternative<NeedMore>(framed));
      return frames;
    }
  }
}

DataOut data_out(std::uint32_t task) { return {.task = {task}}; }

Slice joined(std::initializer_list<Slice> slices) { return flatten(Slices(slices)); }

}  // namespace

TEST_CASE("all PDUs of one run come out in one pass and share its bytes") {
  const std::string payload = pattern(1000);
  const Slice run = joined({wire(data_out(1), payload), wire(NopOut{.task = {2}}), wire(data_out(3), pattern(3, 9))});
  Framer framer;
  framer.receive(run);
  const auto frames = all_frames(framer);
  REQUIRE(frames.size() == 3);
  REQUIRE(frames[0].data.size() == 1);
  CHECK(frames[0].data[0].bytes().data() == run.bytes().data() + kBhsSize);  // not a copy
  CHECK(text_of(frames[0].data) == payload);
  CHECK(frames[1].data.empty());
  CHECK(text_of(frames[2].data) == pattern(3, 9));
  CHECK(framer.missing() == kBhsSize);
}

TEST_CASE("the same PDUs come out however the stream is cut, with and without digests") {
  SeededRandom random(7);
  for (const Digests digests : {Digests{}, Digests{true, false}, Digests{false, true}, Digests{true, true}}) {
    std::vector<std::string> payloads;
    Slices stream;
    for (std::uint32_t i = 0; i < 40; ++i) {
      payloads.push_back(pattern(random.below(3) == 0 ? 0 : random.below(700), i));
      stream.push_back(wire(data_out(i), payloads.back(), digests));
    }
    const Slice whole = flatten(stream);
    for (int round = 0; round < 20; ++round) {
      Framer framer;
      framer.set_digests(digests);
      std::vector<Frame> frames;
      for (std::size_t at = 0; at < whole.size();) {
        const std::size_t count = std::min<std::size_t>(whole.size() - at, 1 + random.below(round < 3 ? 1 : 900));
        framer.receive(whole.sub(at, count));
        at += count;
        if (random.below(3) == 0) continue;  // two chunks at once
        for (Frame& frame : all_frames(framer)) frames.push_back(std::move(frame));
      }
      for (Frame& frame : all_frames(framer)) frames.push_back(std::move(frame));
      REQUIRE(frames.size() == payloads.size());
      for (std::size_t i = 0; i < frames.size(); ++i) {
        CHECK(text_of(frames[i].data) == payloads[i]);
        CHECK(frames[i].data_digest_ok);
        CHECK(frames[i].bhs == encode(data_out(static_cast<std::uint32_t>(i)), payloads[i].size()));
      }
    }
  }
}

TEST_CASE("a payload that trickles in byte by byte is gathered, not kept as a thousand slices") {
  const Slice pdu = wire(data_out(1), pattern(1000));
  Framer framer;
  std::vector<Frame> frames;
  for (std::size_t i = 0; i < pdu.size(); ++i) {
    framer.receive(pdu.sub(i, 1));
    for (Frame& frame : all_frames(framer)) frames.push_back(std::move(frame));
  }
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].data.size() == 1);
  CHECK(text_of(frames[0].data) == pattern(1000));
}

TEST_CASE("missing() sizes the read that takes the rest of a large payload in one buffer") {
  const Slice pdu = wire(data_out(1), pattern(200'001), {true, true});
  Framer framer({.data_bytes = 262144});
  framer.set_digests({true, true});
  CHECK(framer.missing() == kBhsSize);
  framer.receive(pdu.sub(0, 40));
  all_frames(framer);
  CHECK(framer.missing() == 8);
  framer.receive(pdu.sub(40, 10));
  all_frames(framer);
  CHECK(framer.missing() == 2);  // the digest, before the length is believed
  framer.receive(pdu.sub(50, 2));
  all_frames(framer);
  CHECK(framer.missing() == pdu.size() - 52);
  framer.receive(pdu.sub(52, 4048));
  all_frames(framer);
  CHECK(framer.missing() == pdu.size() - 4100);
  framer.receive(pdu.sub(4100, pdu.size() - 4101));
  all_frames(framer);
  CHECK(framer.missing() == 1);
  framer.receive(pdu.sub(pdu.size() - 1, 1));
  const auto frames = all_frames(framer);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].data.size() == 2);  // what came with the header, and the rest
  CHECK(frames[0].data_digest_ok);
}

TEST_CASE("a data segment above the limit is an error before any of it is kept") {
  Framer framer;
  framer.receive(wire(data_out(1), pattern(8192)));
  CHECK(all_frames(framer).size() == 1);
  const BhsBytes huge = encode(data_out(2), 8193);
  framer.receive(Slice::copy_of(huge));
  const auto framed = framer.next();
  const auto* error = std::get_if<FrameError>(&framed);
  REQUIRE(error);
  CHECK(error->fault == FrameFault::data_too_long);
  CHECK(error->bhs == huge);
  framer.receive(wire(NopOut{}));
  CHECK(std::holds_alternative<NeedMore>(framer.next()));  // nothing comes out any more
}

TEST_CASE("additional headers come out with their PDU, and above the limit are an error") {
  BhsBytes bhs = encode(ScsiCommand{.task = {5}}, 4);
  bhs[4] = std::byte{2};
  std::vector<std::byte> ahs(8, std::byte{0x5a});
  const Slice good = joined({Slice::copy_of(bhs), Slice::copy_of(ahs), Slice::copy_of("data")});
  Framer framer;
  framer.receive(good.sub(0, 51));
  CHECK(all_frames(framer).empty());
  framer.receive(good.sub(51, good.size() - 51));
  const auto frames = all_frames(framer);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].ahs == ahs);
  CHECK(text_of(frames[0].data) == "data");

  bhs[4] = std::byte{kMaxAhsBytes / 4 + 1};
  framer.receive(Slice::copy_of(bhs));
  CHECK(std::get<FrameError>(framer.next()).fault == FrameFault::ahs_too_long);
}

TEST_CASE("a flipped bit in a header under digest ends the stream, and its length is not believed") {
  for (const std::size_t at : {5u, 16u, 47u, 48u, 51u}) {  // the length, a field, the end, the digest itself
    const Slice pdu = wire(data_out(1), pattern(16), {true, false});
    std::vector<std::byte> bytes(pdu.bytes().begin(), pdu.bytes().end());
    bytes[at] ^= std::byte{0x40};
    Framer framer;
    framer.set_digests({true, false});
    framer.receive(Slice::copy_of(bytes));
    INFO("byte " << at);
    CHECK(std::get<FrameError>(framer.next()).fault == FrameFault::header_digest);
  }
}

TEST_CASE("a flipped bit in payload, padding or data digest marks that PDU and leaves the next alone") {
  const Slice good = wire(data_out(1), pattern(9), {false, true});
  for (std::size_t at = kBhsSize; at < good.size(); ++at) {
    std::vector<std::byte> bytes(good.bytes().begin(), good.bytes().end());
    bytes[at] ^= std::byte{1};
    Framer framer;
    framer.set_digests({false, true});
    framer.receive(Slice::copy_of(bytes));
    framer.receive(good);
    const auto frames = all_frames(framer);
    REQUIRE(frames.size() == 2);
    CHECK_FALSE(frames[0].data_digest_ok);
    CHECK(frames[1].data_digest_ok);
  }
}

TEST_CASE("digests begin with the PDU behind the login, even when both arrived together") {
  Framer framer;
  framer.receive(joined({wire(test::operational_request(), "a=b"), wire(data_out(1), "payload", {true, true})}));
  REQUIRE(std::holds_alternative<Frame>(framer.next()));
  framer.set_digests({true, true});
  const auto framed = framer.next();
  const auto* frame = std::get_if<Frame>(&framed);
  REQUIRE(frame);
  CHECK(text_of(frame->data) == "payload");
  CHECK(frame->data_digest_ok);
}

TEST_CASE("the CRC is on the wire as RFC 7143 appendix A shows it") {
  // 32 bytes of zeros: aa 36 91 8a
  const Slice pdu = wire(DataOut{.final = true}, std::string(32, '\0'), {false, true});
  const ByteSpan digest = pdu.bytes().last(4);
  CHECK(load_be<std::uint32_t>(digest) == 0xaa36918a);
}

TEST_CASE("the writer leaves headers of a batch in one run and shares large payload") {
  PduWriter writer;
  CHECK(writer.empty());
  writer.add(NopIn{.task = {1}});
  writer.add_bytes(NopIn{.task = {2}}, as_bytes("tiny"));
  const Slice large = Slice::copy_of(pattern(4096));
  writer.add(DataIn{.task = {3}}, {large});
  writer.add(ScsiResponse{.task = {3}});
  CHECK(writer.size() == 4 * kBhsSize + 4 + 4096);
  const Slices out = writer.take();
  REQUIRE(out.size() == 3);
  CHECK(out[0].size() == 3 * kBhsSize + 4);
  CHECK(out[1].bytes().data() == large.bytes().data());
  CHECK(out[2].size() == kBhsSize);
  CHECK(writer.empty());
  CHECK(writer.take().empty());
}

TEST_CASE("what the writer wrote stays as it is while later PDUs are written") {
  PduWriter writer;
  std::vector<Slices> batches;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    writer.add_bytes(NopIn{.task = {i}}, as_bytes(pattern(i % 300, i)));
    if (i % 7 == 0) batches.push_back(writer.take());
    if (batches.size() > 5 && i % 3 == 0) batches[i % batches.size()].clear();  // some were sent
  }
  batches.push_back(writer.take());
  for (const Slices& batch : batches) {
    test::AnswerReader reader;
    reader.receive(batch);
    for (const auto& answer : reader.all()) {
      const auto task = answer.as<NopIn>()->task.value;
      CHECK(answer.data == pattern(task % 300, task));
    }
    CHECK_FALSE(reader.broken());
  }
}

TEST_CASE("the writer takes a run out of several slices, with padding and digest behind it") {
  const Slices data{Slice::copy_of(pattern(700, 1)), Slice::copy_of(pattern(700, 2)), Slice::copy_of(pattern(700, 3))};
  const std::string all = pattern(700, 1) + pattern(700, 2) + pattern(700, 3);
  for (const auto& [offset, length] : {std::pair<std::size_t, std::size_t>{0, 2100}, {699, 703}, {700, 700}, {1, 1}, {2099, 1}, {5, 0}}) {
    PduWriter writer;
    writer.set_digests({true, true});
    writer.add(DataIn{.task = {1}}, data, offset, length);
    test::AnswerReader reader;
    reader.set_digests({true, true});
    reader.receive(writer.take());
    const auto answer = reader.next();
    REQUIRE(answer);
    CHECK(answer->data == all.substr(offset, length));
    CHECK(answer->data_digest_ok);
    CHECK_FALSE(reader.next());
  }
}

TEST_CASE("any bytes at all end in PDUs, in waiting or in an error, and never in more memory than came in") {
  SeededRandom random(3);
  for (int round = 0; round < 500; ++round) {
    Framer framer;
    framer.set_digests({random.below(2) == 0, random.below(2) == 0});
    for (int chunk = 0; chunk < 5; ++chunk) {
      MutableByteSpan fill;
      const Slice bytes = Slice::fresh(1 + random.below(500), fill);
      random.fill(fill);
      if (random.below(2) == 0) fill[0] = std::byte{0};
      framer.receive(bytes);
      while (std::holds_alternative<Frame>(framer.next())) {
      }
      CHECK(framer.missing() >= 1);
      CHECK(framer.missing() <= kBhsSize + kMaxAhsBytes + 8192 + 8);
    }
  }
}
