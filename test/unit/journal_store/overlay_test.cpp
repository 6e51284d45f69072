#include "routing/journal_store/overlay.h"

#include <catch2/catch.hpp>

#include <string>

#include "routing/journal_store/aligned.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;

namespace {

constexpr ChunkKey kChunk{ImageId{1}, 5}, kOther{ImageId{1}, 2};
constexpr ChunkNumber kHome{40}, kOtherHome{90};

Slice filled(char value) {
  MutableByteSpan bytes;
  Slice slice = aligned_slice(kBlock, bytes);
  std::ranges::fill(bytes, static_cast<std::byte>(value));
  return slice;
}

char value_of(const Slice* data) { return data ? static_cast<char>(data->bytes()[0]) : '-'; }

std::string places_of(const std::vector<HomeBlock>& blocks) {
  std::string text;
  for (const HomeBlock& block : blocks) {
    text += std::to_string(chunk_of(block.at).value) + ":" + std::to_string(block.at.value % kBlocksPerChunk) + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("an overlay gives the newest content of a block") {
  Overlay overlay;
  overlay.put(kChunk, kHome, 7, filled('a'));
  overlay.put(kChunk, kHome, 3, filled('b'));
  overlay.put(kChunk, kHome, 7, filled('c'));
  CHECK(value_of(overlay.find(kChunk, 7)) == 'c');
  CHECK(value_of(overlay.find(kChunk, 3)) == 'b');
  CHECK(value_of(overlay.find(kChunk, 4)) == '-');
  CHECK(value_of(overlay.find(kOther, 7)) == '-');
  CHECK(overlay.bytes() == 2 * kBlock);
}

TEST_CASE("blocks go home in the order of their places, whatever order they came in") {
  Overlay overlay;
  for (const std::uint32_t block : {9u, 2u, 15u}) overlay.put(kOther, kOtherHome, block, filled('x'));
  for (const std::uint32_t block : {1u, 0u}) overlay.put(kChunk, kHome, block, filled('y'));
  CHECK(places_of(overlay.blocks()) == "40:0 40:1 90:2 90:9 90:15 ");
}

TEST_CASE("a block that is home is gone, unless it has got new content since") {
  Overlay overlay;
  overlay.put(kChunk, kHome, 1, filled('a'));
  overlay.put(kChunk, kHome, 2, filled('a'));
  const auto written = overlay.blocks();
  overlay.put(kChunk, kHome, 2, filled('b'));
  for (const HomeBlock& block : written) overlay.settle(block);
  CHECK(value_of(overlay.find(kChunk, 1)) == '-');
  CHECK(value_of(overlay.find(kChunk, 2)) == 'b');
  CHECK(overlay.bytes() == kBlock);
}

TEST_CASE("what is dropped is not there any more, and a chunk without blocks may get another home") {
  Overlay overlay;
  for (const std::uint32_t block : {0u, 5u, 6u}) overlay.put(kChunk, kHome, block, filled('a'));
  overlay.drop(kChunk, block_mask(5, 2));
  CHECK(value_of(overlay.find(kChunk, 5)) == '-');
  CHECK(value_of(overlay.find(kChunk, 0)) == 'a');
  overlay.drop(kChunk, block_mask(0, kBlocksPerChunk));
  CHECK_FALSE(overlay.has(kChunk));
  overlay.put(kChunk, kOtherHome, 5, filled('b'));
  CHECK(places_of(overlay.blocks()) == "90:5 ");
}
