// Values that the tests of the store's format are made of.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "routing/journal_store/catalog.h"
#include "routing/journal_store/frame.h"
#include "routing/journal_store/node.h"
#include "target/base/crc32c.h"

namespace shoal::routing::journal::test {

using Buffer = std::vector<std::byte>;

template <class Id>
Id id_from(std::uint8_t first) {  // first, first + 1, ...
  Id id;
  for (std::uint8_t& byte : id.bytes) byte = first++;
  return id;
}

inline const StoreId kStore = id_from<StoreId>(0xa0);
inline const ChainId kChain = id_from<ChainId>(0xb0);
inline constexpr PageId kPage{ImageId{7}, PageIndex{9}};
inline constexpr ChunkNumber kHome{0x1234};

inline Superblock a_superblock() {
  return {.store = kStore,
          .group = id_from<GroupId>(0xc0),
          .checkpoint = 41,
          .device_chunks = 16384,
          .journal_chunks = 512,
          .replay = {.block = 8000, .seq = 1234567, .previous_crc = 0x89abcdef},
          .catalog = {BlockNumber{12345}, 0x11223344},
          .catalog_bytes = 4711,
          .space = {BlockNumber{23456}, 0x55667788},
          .first_seq = 987654321,
          .chain = kChain,
          .next_chain = id_from<ChainId>(0xd0)};
}

inline Buffer block_of(std::uint8_t fill) { return Buffer(kBlock, std::byte{fill}); }

inline JournalRecord a_change(JournalKind kind, std::uint32_t first_block, std::uint32_t blocks) {
  return {.kind = kind,
          .page = kPage,
          .first_block = first_block,
          .blocks = blocks,
          .version = {Epoch{3}, 77},
          .nexus = id_from<NexusId>(0x10),
          .generation = Generation{0x1'00000005},
          .operation = OperationId{70},
          .lowest_unfinished = OperationId{69},
          .part = 2};
}

// Of blocks that data_of() fills.
inline JournalRecord a_write(std::uint32_t first_block = 35, std::uint32_t blocks = 1) {
  JournalRecord record = a_change(JournalKind::write, first_block, blocks);
  record.home = kHome;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    record.crcs.push_back(crc32c(block_of(static_cast<std::uint8_t>(first_block + i))));
  }
  return record;
}

inline Buffer data_of(const JournalRecord& record) {
  Buffer data;
  for (std::uint32_t i = 0; i < data_blocks(record); ++i) {
    const Buffer block = block_of(static_cast<std::uint8_t>(record.first_block + i));
    data.insert(data.end(), block.begin(), block.end());
  }
  return data;
}

inline JournalRecord a_place() {
  JournalRecord record = a_change(JournalKind::place, 3 * kBlocksPerChunk, kBlocksPerChunk);
  record.home = kHome;
  for (std::uint32_t i = 0; i < kBlocksPerChunk; ++i) record.crcs.push_back(0xcc000000 + i);
  return record;
}

inline JournalRecord a_clear() { return a_change(JournalKind::clear, 5, 16000); }
inline JournalRecord a_promise() { return {.kind = JournalKind::promise, .page = kPage, .version = {.epoch = {4}}}; }
inline JournalRecord a_void() {
  JournalRecord record = a_change(JournalKind::voided, 16, 64);
  record.attempt = 6;
  return record;
}
inline JournalRecord a_fence() {
  return {.kind = JournalKind::fence,
          .page = {.image = kPage.image},
          .nexus = id_from<NexusId>(0x10),
          .generation = Generation{5}};
}
inline JournalRecord a_description() {
  return {.kind = JournalKind::describe, .page = {.image = kPage.image}, .page_bytes = kDefaultPageBytes, .text = "v"};
}
inline JournalRecord a_drop() { return {.kind = JournalKind::drop, .page = {.image = kPage.image}}; }
inline JournalRecord a_forget() { return {.kind = JournalKind::forget, .page = {.image = kPage.image}}; }

inline std::vector<JournalRecord> one_of_each_kind() {
  return {a_write(), a_place(), a_clear(), a_promise(), a_void(), a_fence(), a_description(), a_drop(), a_forget()};
}

inline FrameHead a_head() {
  return {.chain = kChain, .checkpoint = 41, .seq = 1234567, .durable_seq = 1234566, .previous_crc = 0x89abcdef};
}

// The whole frame, with data.
inline Buffer frame_of(const std::vector<JournalRecord>& records, const FrameHead& head = a_head()) {
  std::size_t record_bytes = 0;
  for (const JournalRecord& record : records) record_bytes += encoded_bytes(record);
  Buffer frame(head_blocks(record_bytes) * kBlock, std::byte{0xee});
  for (const JournalRecord& record : records) {
    const Buffer data = data_of(record);
    frame.insert(frame.end(), data.begin(), data.end());
  }
  encode_frame(head, records, frame);
  return frame;
}

inline ChunkEntry a_chunk_entry() {
  ChunkEntry entry{.chunk = kHome, .written = block_mask(2, 3), .version = {Epoch{3}, 77}};
  for (std::uint32_t i = 2; i < 5; ++i) entry.crcs[i] = 0xcc000000 + i;
  return entry;
}

inline NodeHeader a_leaf_header() {
  return {.key = {.tree = {.image = ImageId{7}}, .level = 0, .index = 5}, .store = kStore, .checkpoint = 41};
}

inline Buffer a_node(const NodeHeader& header) {
  Buffer node(kBlock, std::byte{0xee});
  start_node(node, header);
  return node;
}

inline Buffer a_leaf() {
  Buffer leaf = a_node(a_leaf_header());
  set_chunk_entry(leaf, 1, a_chunk_entry());
  return leaf;
}

inline Buffer an_inner_node() {
  Buffer node = a_node({.key = {.tree = {.image = ImageId{7}}, .level = 1}, .store = kStore, .checkpoint = 41});
  set_child(node, 5, {BlockNumber{12345}, 0x11223344});
  set_emptied(node, 6, {Epoch{3}, 90});
  return node;
}

inline Catalog a_catalog() {
  Catalog catalog;
  catalog.images[ImageId{7}] = {.page_bytes = kDefaultPageBytes,
                                .chunks = 4711,
                                .root_level = 1,
                                .root = {BlockNumber{12345}, 0x11223344},
                                .text = "volume"};
  catalog.images[ImageId{8}] = {.page_bytes = kMinPageBytes, .dropped = true, .chunks = 1};
  (void)catalog.promises.add({.kind = RecordKind::voided, .page = kPage, .version = {.epoch = {3}}, .attempt = 6});
  (void)catalog.promises.add({.kind = RecordKind::promise, .page = kPage, .version = {.epoch = {4}}});
  (void)catalog.promises.add({.kind = RecordKind::fence,
                              .page = {.image = ImageId{7}},
                              .origin = {.nexus = id_from<NexusId>(0x10), .generation = Generation{5}}});
  return catalog;
}

// How many of all copies of `bytes` with one bit turned over `is_found` does not tell from it.
inline std::size_t unfound_flips(Buffer bytes, const std::function<bool(ByteSpan)>& is_found) {
  std::size_t unfound = 0;
  for (std::byte& byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      byte ^= std::byte{1} << bit;
      if (!is_found(bytes)) ++unfound;
      byte ^= std::byte{1} << bit;
    }
  }
  return unfound;
}

// How many of all copies of `bytes` with one byte that is another `is_right` is not content with.
inline std::size_t wrong_changes(Buffer bytes, const std::function<bool(ByteSpan)>& is_right) {
  std::size_t wrong = 0;
  for (std::byte& byte : bytes) {
    for (const std::uint8_t change : {0x01, 0x80, 0xff}) {
      byte ^= std::byte{change};
      if (!is_right(bytes)) ++wrong;
      byte ^= std::byte{change};
    }
  }
  return wrong;
}

}  // namespace shoal::routing::journal::test
