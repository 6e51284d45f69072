#include <catch2/catch.hpp>

#include "routing/journal_store/format_layout.h"
#include "routing/journal_store/record_codec.h"
#include "test/unit/journal_store/format_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::journal::test;

namespace layout = shoal::routing::journal::frame_layout;

namespace {

bool is_none(ByteSpan at) {
  const auto frame = decode_frame(at, kChain);
  return frame.has_error() && frame.error() == FrameFault::none_here;
}

bool is_torn(ByteSpan at) {
  const auto frame = decode_frame(at, kChain);
  return frame.has_error() && frame.error() == FrameFault::torn;
}

void seal(MutableByteSpan frame, std::uint32_t head_blocks) {
  const ByteSpan head = frame.first(std::size_t{head_blocks} * kBlock);
  layout::HeadCrc::put(frame, crc32c(head.subspan(layout::kHeaderBytes), crc32c(head.first(layout::kCrcAt))));
}

// A frame of one write with a head that has been changed, and a checksum that is right.
template <class Field, class Value>
Buffer with(Value value) {
  Buffer frame = frame_of({a_write()});
  Field::put(frame, value);
  seal(frame, 1);
  return frame;
}

}  // namespace

TEST_CASE("a frame is read as it was written") {
  const auto records = one_of_each_kind();
  const Buffer bytes = frame_of(records);
  const auto frame = decode_frame(bytes, kChain);
  REQUIRE(frame.has_value());
  CHECK(frame->head == a_head());
  CHECK(frame->records == records);
  CHECK(frame->head_crc == layout::HeadCrc::get(bytes));
  CHECK(frame->blocks * kBlock == bytes.size());
  CHECK(frame->data_at == 1);
}

TEST_CASE("encoding a frame yields the CRC that the next one repeats") {
  Buffer frame = frame_of({a_promise()});
  CHECK(encode_frame(a_head(), {a_promise()}, frame) == decode_frame(frame, kChain)->head_crc);
}

TEST_CASE("what lies behind a frame does not matter") {
  Buffer bytes = frame_of({a_write()});
  const Buffer alone = bytes;
  bytes.resize(bytes.size() + 3 * kBlock, std::byte{0x77});
  CHECK(decode_frame(bytes, kChain)->blocks * kBlock == alone.size());
}

TEST_CASE("a frame without a record is one block") {
  const auto frame = decode_frame(frame_of({}), kChain);
  REQUIRE(frame.has_value());
  CHECK(frame->blocks == 1);
  CHECK(frame->records.empty());
}

TEST_CASE("thirty-two writes of a block are thirty-three blocks") {
  const std::vector<JournalRecord> writes(32, a_write());
  CHECK(encoded_bytes(writes.front()) <= 120);
  const auto frame = decode_frame(frame_of(writes), kChain);
  REQUIRE(frame.has_value());
  CHECK(frame->blocks == 33);
}

TEST_CASE("records may need a head of several blocks, and end where a block ends") {
  JournalRecord description = a_description();
  description.text.assign(kMaxImageTextBytes, 't');
  const auto long_one = decode_frame(frame_of({description, a_write()}), kChain);
  REQUIRE(long_one.has_value());
  CHECK(long_one->data_at == kMaxImageTextBytes / kBlock + 1);
  CHECK(long_one->records.front() == description);

  description.text.assign(kBlock - layout::kHeaderBytes - encoded_bytes(a_drop()), 't');
  const auto full = decode_frame(frame_of({description}), kChain);
  REQUIRE(full.has_value());
  CHECK(full->data_at == 1);
  description.text += 't';
  CHECK(decode_frame(frame_of({description}), kChain)->data_at == 2);
}

TEST_CASE("a frame of the most blocks is read") {
  std::vector<JournalRecord> writes(15, a_write(0, 16));
  writes.push_back(a_write(0, 15));
  const Buffer bytes = frame_of(writes);
  CHECK(bytes.size() == kMaxFrameBlocks * kBlock);
  CHECK(decode_frame(bytes, kChain)->records == writes);
}

TEST_CASE("a frame of more blocks is none") {
  std::vector<JournalRecord> writes(15, a_write(0, 16));
  writes.push_back(a_write(0, 15));
  Buffer frame = frame_of(writes);
  const std::size_t last_at = layout::kHeaderBytes + 15 * encoded_bytes(writes.front());
  put_record(MutableByteSpan(frame).subspan(last_at), a_write(0, 16));
  layout::RecordBytes::put(frame, layout::RecordBytes::get(frame) + 4);
  layout::Blocks::put(frame, kMaxFrameBlocks + 1);
  seal(frame, 1);
  const Buffer last_block = block_of(15);
  frame.insert(frame.end(), last_block.begin(), last_block.end());
  CHECK(is_none(frame));
}

TEST_CASE("every single bit that is turned over in a frame is found") {
  const Buffer frame = frame_of({a_write(), a_promise()});
  CHECK(unfound_flips(frame, [](ByteSpan flipped) { return decode_frame(flipped, kChain).has_error(); }) == 0);
  const Buffer head(frame.begin(), frame.begin() + kBlock);
  REQUIRE(decode_frame_head(head, kChain).has_value());
  CHECK(unfound_flips(head, [](ByteSpan flipped) { return decode_frame_head(flipped, kChain).has_error(); }) == 0);
}

TEST_CASE("a bit in the second block of a head is covered by its CRC") {
  const std::vector<JournalRecord> writes(64, a_write());
  Buffer frame = frame_of(writes);
  REQUIRE(decode_frame(frame, kChain)->data_at == 2);
  frame[kBlock + 100] ^= std::byte{1};
  CHECK(is_none(frame));
  CHECK(decode_frame_head(frame, kChain).has_error());
}

TEST_CASE("each block of data is checked against its own CRC") {
  for (std::size_t block = 0; block < 5; ++block) {
    Buffer frame = frame_of({a_write(32, 2), a_clear(), a_write(64, 3)});
    frame[(1 + block) * kBlock + 17] ^= std::byte{0x40};
    CHECK(is_torn(frame));
  }
}

TEST_CASE("the frame of another chain is none") {
  const Buffer frame = with<layout::Chain>(id_from<ChainId>(0xb1));
  CHECK(is_none(frame));
  CHECK(decode_frame_head(frame, kChain).has_error());
  CHECK(decode_frame(frame, id_from<ChainId>(0xb1)).has_value());
}

TEST_CASE("a frame that is cut off is none, though its head is still known") {
  const Buffer bytes = frame_of({a_write(32, 2)});
  for (std::size_t size = 0; size < bytes.size(); size += 512) {
    CHECK(is_none(ByteSpan(bytes).first(size)));
    CHECK(decode_frame_head(ByteSpan(bytes).first(size), kChain).has_value() == (size >= kBlock));
  }
  CHECK(*decode_frame_head(bytes, kChain) == a_head());
}

TEST_CASE("a head whose lengths do not fit is none, whatever its checksum") {
  REQUIRE(decode_frame(with<layout::Seq>(std::uint64_t{1234568}), kChain).has_value());
  for (const std::uint32_t blocks : {0u, 1u, 3u, kMaxFrameBlocks, kMaxFrameBlocks + 1, 0xffffffffu}) {
    Buffer frame = with<layout::Blocks>(blocks);
    frame.resize((kMaxFrameBlocks + 1) * kBlock);
    CHECK(is_none(frame));
  }
  for (const std::uint32_t bytes : {0u, 1u, 103u, 105u, 208u, kBlock, kMaxFrameBlocks * kBlock, 0xffffffffu}) {
    CHECK(is_none(with<layout::RecordBytes>(bytes)));
  }
}

TEST_CASE("no frame was durable before itself") {
  CHECK(is_none(with<layout::DurableSeq>(a_head().seq)));
  CHECK(is_none(with<layout::Seq>(std::uint64_t{0})));
}

TEST_CASE("a frame from which nobody could count on is none") {
  CHECK(is_none(with<layout::Seq>(kMaxSequence + 1)));
  CHECK_FALSE(is_none(with<layout::Seq>(kMaxSequence)));
}

TEST_CASE("bytes behind the last record are zero") {
  CHECK(is_none(with<Number<std::uint8_t, kBlock - 1>>(std::uint8_t{1})));
}
