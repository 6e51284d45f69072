#include "routing/journal_store/node.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "routing/journal_store/format_layout.h"
#include "test/unit/journal_store/format_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::journal::test;

namespace {

constexpr std::uint32_t kDeviceChunks = 0x2000;

template <class Field, class Value>
Buffer with(Value value) {
  Buffer leaf = a_leaf();
  Field::put(leaf, value);
  return leaf;
}

bool is_sound_with(const ChunkEntry& entry) {
  Buffer leaf = a_leaf();
  set_chunk_entry(leaf, kChunksPerLeaf - 1, entry);
  return is_sound_chunk_leaf(leaf, kDeviceChunks);
}

}  // namespace

TEST_CASE("a node knows what it is") {
  const NodeKey keys[] = {{.tree = {.image = ImageId{7}}, .level = 0, .index = 0},
                          {.tree = {.image = ImageId{7}}, .level = kMaxLevel, .index = ~std::uint64_t{0}},
                          {.tree = {.kind = TreeId::Kind::space}, .level = 1, .index = 2},
                          {.tree = {.kind = TreeId::Kind::catalog}, .level = 0, .index = 3}};
  for (const NodeKey& key : keys) {
    const NodeHeader header{.key = key, .store = kStore, .checkpoint = 41};
    const Buffer node = a_node(header);
    CHECK(node_header(node) == header);
    CHECK(all_zero(body(ByteSpan(node))));
  }
}

TEST_CASE("a checkpoint that writes a node changes nothing else in it") {
  Buffer leaf = a_leaf();
  set_checkpoint(leaf, 42);
  NodeHeader header = a_leaf_header();
  header.checkpoint = 42;
  CHECK(node_header(leaf) == header);
  set_checkpoint(leaf, 41);
  CHECK(leaf == a_leaf());
}

TEST_CASE("what no node begins with is none") {
  REQUIRE(node_header(a_leaf()).has_value());
  CHECK_FALSE(node_header(block_of(0)));
  CHECK_FALSE(node_header(ByteSpan(a_leaf()).first(kBlock - 1)));
  for (const std::uint8_t kind : {0, 4, 255}) CHECK_FALSE(node_header(with<node_layout::Kind>(kind)));
  CHECK_FALSE(node_header(with<node_layout::Level>(static_cast<std::uint8_t>(kMaxLevel + 1))));
  CHECK_FALSE(node_header(with<node_layout::Kind>(static_cast<std::uint8_t>(TreeId::Kind::space))));  // of an image
  CHECK_FALSE(node_header(with<Number<std::uint8_t, 15>>(std::uint8_t{1})));
  CHECK_FALSE(node_header(with<node_layout::UnusedToo>(std::uint64_t{1} << 63)));
}

TEST_CASE("children are kept each in its slot") {
  Buffer inner = a_node({.key = {.tree = {.image = ImageId{7}}, .level = 1}, .store = kStore, .checkpoint = 41});
  for (std::uint32_t slot = 0; slot < kChildren; ++slot) set_child(inner, slot, {BlockNumber{1000 + slot}, ~slot});
  for (std::uint32_t slot = 0; slot < kChildren; ++slot) {
    CHECK(child(inner, slot) == NodeRef{BlockNumber{1000 + slot}, ~slot});
  }
  set_child(inner, 5, {});
  CHECK(child(inner, 5) == NodeRef{});
  CHECK(child(inner, 6) == NodeRef{BlockNumber{1006}, ~6u});
}

TEST_CASE("chunks are kept each in its slot") {
  Buffer leaf = a_node(a_leaf_header());
  const auto entry_of = [](std::uint32_t slot) {
    ChunkEntry entry{.chunk = {1000 + slot}, .written = 0xffff, .version = {Epoch{slot}, ~std::uint64_t{slot}}};
    std::ranges::generate(entry.crcs, [crc = slot << 8]() mutable { return crc++; });
    return entry;
  };
  for (std::uint32_t slot = 0; slot < kChunksPerLeaf; ++slot) set_chunk_entry(leaf, slot, entry_of(slot));
  for (std::uint32_t slot = 0; slot < kChunksPerLeaf; ++slot) CHECK(chunk_entry(leaf, slot) == entry_of(slot));
  CHECK(node_header(leaf) == a_leaf_header());
  CHECK(is_sound_chunk_leaf(leaf, kDeviceChunks));
  for (std::uint32_t slot = 0; slot < kChunksPerLeaf; ++slot) set_chunk_entry(leaf, slot, {});
  CHECK(leaf == a_node(a_leaf_header()));
}

TEST_CASE("every single bit that is turned over in a node is told by the CRC that its parent keeps") {
  const Buffer leaf = a_leaf();
  const NodeRef kept{BlockNumber{1000}, crc32c(leaf)};
  CHECK(unfound_flips(leaf, [&](ByteSpan flipped) { return crc32c(flipped) != kept.crc; }) == 0);
}

TEST_CASE("a leaf of chunks is sound if its entries can be") {
  CHECK(is_sound_chunk_leaf(a_leaf(), kDeviceChunks));
  CHECK(is_sound_with({}));
  CHECK(is_sound_with({.version = {Epoch{3}, 77}}));  // of a chunk that was freed
  CHECK(is_sound_with({.chunk = {kDeviceChunks - 1}, .written = 0xffff}));
  CHECK_FALSE(is_sound_with({.chunk = {kDeviceChunks}, .written = 1}));
  CHECK_FALSE(is_sound_with({.chunk = {kJournalChunk}, .written = 1}));
  CHECK_FALSE(is_sound_with({.chunk = {}, .written = 1}));
  CHECK_FALSE(
      is_sound_with({.chunk = kHome, .written = 0x7fff, .crcs = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}));
  CHECK_FALSE(is_sound_with({.crcs = {1}}));
  CHECK(is_sound_with({.lost = 0xffff}));
  CHECK(is_sound_with({.chunk = kHome, .written = 1, .lost = 0xfffe}));
  CHECK_FALSE(is_sound_with({.chunk = kHome, .written = 1, .lost = 1}));
}

TEST_CASE("what is sound as a leaf of chunks is what is written for it") {
  CHECK(wrong_changes(a_leaf(), [](ByteSpan changed) {
          if (!is_sound_chunk_leaf(changed, kDeviceChunks)) return true;
          Buffer again = a_node(*node_header(changed));
          for (std::uint32_t slot = 0; slot < kChunksPerLeaf; ++slot) {
            set_chunk_entry(again, slot, chunk_entry(changed, slot));
          }
          return std::ranges::equal(again, changed);
        }) == 0);
}

TEST_CASE("only a leaf of chunks is a leaf of chunks") {
  CHECK_FALSE(is_sound_chunk_leaf(block_of(0), kDeviceChunks));
  CHECK_FALSE(is_sound_chunk_leaf(with<node_layout::Level>(std::uint8_t{1}), kDeviceChunks));
  CHECK_FALSE(is_sound_chunk_leaf(a_node({.key = {.tree = {.kind = TreeId::Kind::space}}}), kDeviceChunks));
}

TEST_CASE("an inner node is sound if its children lie on the device, are lost or are nowhere") {
  Buffer node = a_node({.key = {.tree = {.kind = TreeId::Kind::chunks, .image = ImageId{7}}, .level = 1}});
  const auto is_sound_child = [&](const NodeRef& ref) {
    set_child(node, 3, ref);
    return is_sound_inner_node(node, kDeviceChunks);
  };
  CHECK(is_sound_child({}));
  CHECK(is_sound_child(kLostNode));
  CHECK(is_sound_child({{first_block({kDeviceChunks}).value - 1}, 5}));
  CHECK_FALSE(is_sound_child({first_block({kDeviceChunks}), 5}));
  CHECK_FALSE(is_sound_child({{}, 2}));
  CHECK_FALSE(is_sound_inner_node(a_leaf(), kDeviceChunks));
}

TEST_CASE("a node that is filled with losses has nothing else") {
  Buffer leaf = a_node({.key = {.tree = {.kind = TreeId::Kind::chunks, .image = ImageId{7}}}});
  fill_lost(leaf);
  CHECK(is_sound_chunk_leaf(leaf, kDeviceChunks));
  CHECK(chunk_entry(leaf, kChunksPerLeaf - 1) == ChunkEntry{.lost = 0xffff});
  Buffer inner = a_node({.key = {.tree = {.kind = TreeId::Kind::chunks, .image = ImageId{7}}, .level = 2}});
  fill_lost(inner);
  CHECK(is_sound_inner_node(inner, kDeviceChunks));
  CHECK(child(inner, kChildren - 1) == kLostNode);
}

TEST_CASE("a root is as high as what is below it asks for") {
  STATIC_REQUIRE(root_level(0, kChunksPerLeaf) == 0);
  STATIC_REQUIRE(root_level(48, kChunksPerLeaf) == 0);
  STATIC_REQUIRE(root_level(49, kChunksPerLeaf) == 1);
  STATIC_REQUIRE(root_level(48 * 252, kChunksPerLeaf) == 1);
  STATIC_REQUIRE(root_level(48 * 252 + 1, kChunksPerLeaf) == 2);
  STATIC_REQUIRE(root_level(kMaxImageBytes / kChunkBytes, kChunksPerLeaf) <= kMaxLevel);
  STATIC_REQUIRE(root_level(kMaxDeviceChunks, kBytesPerLeaf) <= kMaxLevel);
}
