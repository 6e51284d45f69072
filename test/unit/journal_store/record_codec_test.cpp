#include "routing/journal_store/record_codec.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "routing/journal_store/format_layout.h"
#include "test/unit/journal_store/format_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::journal::test;

namespace layout = shoal::routing::journal::record_layout;

namespace {

Buffer bytes_of(const JournalRecord& record) {
  Buffer bytes(encoded_bytes(record), std::byte{0xee});
  put_record(bytes, record);
  return bytes;
}

bool is_read(const Buffer& bytes) {
  ByteSpan rest = bytes;
  return take_record(rest).has_value();
}

template <class Field, class Value>
bool is_read_with(const JournalRecord& record, Value value) {
  Buffer bytes = bytes_of(record);
  Field::put(bytes, value);
  return is_read(bytes);
}

// Of write, place: as many CRCs as it says blocks.
JournalRecord ranged(JournalRecord record, std::uint32_t first_block, std::uint32_t blocks) {
  record.first_block = first_block;
  record.blocks = blocks;
  if (!record.crcs.empty()) record.crcs.resize(std::min(blocks, kBlocksPerChunk));
  return record;
}

constexpr std::uint32_t kBlocksPerPage = kMaxPageBytes / kBlock;

}  // namespace

TEST_CASE("each kind of record is read as it was written, and no more is taken") {
  for (const JournalRecord& record : one_of_each_kind()) {
    Buffer bytes = bytes_of(record);
    CHECK(bytes.size() == encoded_bytes(record));
    bytes.push_back(std::byte{0x99});
    ByteSpan rest = bytes;
    CHECK(take_record(rest) == record);
    CHECK(rest.size() == 1);
  }
}

TEST_CASE("a record that is cut off is none") {
  for (const JournalRecord& record : one_of_each_kind()) {
    const Buffer bytes = bytes_of(record);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ByteSpan rest = ByteSpan(bytes).first(size);
      CHECK_FALSE(take_record(rest));
    }
  }
}

TEST_CASE("what is read as a record is what is written for it") {
  for (const JournalRecord& record : one_of_each_kind()) {
    CHECK(wrong_changes(bytes_of(record), [](ByteSpan changed) {
            ByteSpan rest = changed;
            const auto read = take_record(rest);
            return !read || std::ranges::equal(bytes_of(*read), changed.first(changed.size() - rest.size()));
          }) == 0);
  }
}

TEST_CASE("a kind that nobody writes is none") {
  for (const std::uint8_t kind : {0, 10, 255}) CHECK_FALSE(is_read_with<layout::Kind>(a_drop(), kind));
}

TEST_CASE("a field that a kind does not use is zero") {
  const JournalRecord drop = a_drop();
  CHECK_FALSE(is_read_with<layout::Part>(drop, 1u));
  CHECK_FALSE(is_read_with<layout::Page>(drop, PageIndex{1}));
  CHECK_FALSE(is_read_with<layout::FirstBlock>(drop, 1u));
  CHECK_FALSE(is_read_with<layout::Blocks>(drop, 1u));
  CHECK_FALSE(is_read_with<layout::Home>(drop, kHome));
  CHECK_FALSE(is_read_with<layout::TheEpoch>(drop, Epoch{1}));
  CHECK_FALSE(is_read_with<layout::Seq>(drop, std::uint64_t{1}));
  CHECK_FALSE(is_read_with<layout::Nexus>(drop, id_from<NexusId>(1)));
  CHECK_FALSE(is_read_with<layout::TheGeneration>(drop, Generation{1}));
  CHECK_FALSE(is_read_with<layout::Operation>(drop, OperationId{1}));
  CHECK_FALSE(is_read_with<layout::LowestUnfinished>(drop, OperationId{1}));
  CHECK_FALSE(is_read_with<layout::Attempt>(drop, 1u));
  CHECK_FALSE(is_read_with<layout::PageBytes>(drop, kMinPageBytes));
  for (std::size_t at = 1; at < 4; ++at) {
    Buffer bytes = bytes_of(drop);
    bytes[at] = std::byte{1};
    CHECK_FALSE(is_read(bytes));
  }
}

TEST_CASE("each kind has fields of its own") {
  CHECK_FALSE(is_read_with<layout::Attempt>(a_write(), 1u));
  CHECK_FALSE(is_read_with<layout::Attempt>(a_place(), 1u));
  CHECK_FALSE(is_read_with<layout::Home>(a_clear(), kHome));
  CHECK_FALSE(is_read_with<layout::Seq>(a_promise(), std::uint64_t{1}));
  CHECK_FALSE(is_read_with<layout::Blocks>(a_promise(), 1u));
  CHECK_FALSE(is_read_with<layout::Home>(a_void(), kHome));
  CHECK_FALSE(is_read_with<layout::Page>(a_fence(), PageIndex{1}));
  CHECK_FALSE(is_read_with<layout::Operation>(a_fence(), OperationId{1}));
  CHECK_FALSE(is_read_with<layout::Nexus>(a_description(), id_from<NexusId>(1)));
  CHECK_FALSE(is_read_with<layout::PageBytes>(a_forget(), kMinPageBytes));
}

TEST_CASE("a write lies in one chunk of the page") {
  CHECK(is_sound(ranged(a_write(), 0, 16)));
  CHECK(is_sound(ranged(a_write(), 15, 1)));
  CHECK(is_sound(ranged(a_write(), kBlocksPerPage - 1, 1)));
  CHECK_FALSE(is_sound(ranged(a_write(), 15, 2)));
  CHECK_FALSE(is_sound(ranged(a_write(), 1, 16)));
  CHECK_FALSE(is_sound(ranged(a_write(), 0, 17)));
  CHECK_FALSE(is_sound(ranged(a_write(), 3, 0)));
  CHECK_FALSE(is_sound(ranged(a_write(), kBlocksPerPage, 1)));
  CHECK_FALSE(is_read_with<layout::FirstBlock>(a_write(), 0xffffffffu));
}

TEST_CASE("a place is a whole chunk") {
  CHECK(is_sound(ranged(a_place(), kBlocksPerPage - 16, 16)));
  CHECK_FALSE(is_sound(ranged(a_place(), 8, 16)));
  CHECK_FALSE(is_sound(ranged(a_place(), 16, 8)));
  CHECK_FALSE(is_sound(ranged(a_place(), 16, 32)));
  CHECK_FALSE(is_sound(ranged(a_place(), kBlocksPerPage, 16)));
}

TEST_CASE("what is cleared or voided lies in the page") {
  for (const JournalRecord& record : {a_clear(), a_void()}) {
    CHECK(is_sound(ranged(record, 0, kBlocksPerPage)));
    CHECK(is_sound(ranged(record, kBlocksPerPage - 1, 1)));
    CHECK_FALSE(is_sound(ranged(record, 1, kBlocksPerPage)));
    CHECK_FALSE(is_sound(ranged(record, kBlocksPerPage, 1)));
    CHECK_FALSE(is_sound(ranged(record, 0xffffffff, 2)));
    CHECK_FALSE(is_sound(ranged(record, 2, 0xffffffff)));
    CHECK_FALSE(is_sound(ranged(record, 1, 0)));
  }
  CHECK_FALSE(is_sound(ranged(a_clear(), 0, 0)));
  CHECK(is_sound(ranged(a_void(), 0, 0)));  // less than a block was voided
}

TEST_CASE("data lie behind the superblocks and the journal, on a device that can be") {
  for (const JournalRecord& record : {a_write(), a_place()}) {
    CHECK(is_read_with<layout::Home>(record, ChunkNumber{kJournalChunk.value + kMinJournalChunks}));
    CHECK(is_read_with<layout::Home>(record, ChunkNumber{kMaxDeviceChunks - 1}));
    CHECK_FALSE(is_read_with<layout::Home>(record, ChunkNumber{kJournalChunk.value + kMinJournalChunks - 1}));
    CHECK_FALSE(is_read_with<layout::Home>(record, ChunkNumber{0}));
    CHECK_FALSE(is_read_with<layout::Home>(record, ChunkNumber{kMaxDeviceChunks}));
  }
}

TEST_CASE("a record has a CRC for each block of data that it speaks of, and no other") {
  JournalRecord record = a_write(32, 3);
  record.crcs.pop_back();
  CHECK_FALSE(is_sound(record));
  record = a_clear();
  record.crcs = {1};
  CHECK_FALSE(is_sound(record));
}

TEST_CASE("a number of CRCs that cannot be reserves no memory") {
  CHECK_FALSE(is_read_with<layout::Blocks>(a_write(), 0xffffffffu));
  CHECK_FALSE(is_read_with<layout::Blocks>(a_place(), 0x40000000u));
}

TEST_CASE("a text is at most as long as its limit, and is all there") {
  JournalRecord record = a_description();
  record.text.assign(kMaxImageTextBytes, 't');
  CHECK(is_read(bytes_of(record)));
  record.text += 't';
  CHECK_FALSE(is_sound(record));
  CHECK_FALSE(is_read_with<layout::TextBytes>(a_description(), 2u));
  CHECK_FALSE(is_read_with<layout::TextBytes>(a_description(), 0xffffffffu));
  record.text.clear();
  CHECK(is_read(bytes_of(record)));
  Buffer too_long = bytes_of(a_description());
  too_long.resize(layout::kFixedBytes + kMaxImageTextBytes + 1);
  layout::TextBytes::put(too_long, kMaxImageTextBytes + 1);
  CHECK_FALSE(is_read(too_long));
}

TEST_CASE("an image is described with a page size that can be") {
  CHECK(is_read_with<layout::PageBytes>(a_description(), kMinPageBytes));
  CHECK(is_read_with<layout::PageBytes>(a_description(), kMaxPageBytes));
  for (const std::uint32_t bytes : {0u, 1u, kMinPageBytes / 2, kMinPageBytes * 3, kMaxPageBytes * 2, 0x80000000u}) {
    CHECK_FALSE(is_read_with<layout::PageBytes>(a_description(), bytes));
  }
}
