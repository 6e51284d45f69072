#include "routing/journal_store/node_places.h"

#include <catch2/catch.hpp>
#include <set>

using namespace shoal::routing::journal;

namespace {

constexpr ChunkNumber kFirst{100}, kSecond{101};
BlockNumber block(ChunkNumber chunk, std::uint64_t place) { return {first_block(chunk).value + place}; }

NodePlaces filled(ChunkNumber chunk) {
  NodePlaces places;
  places.begin(chunk);
  for (unsigned i = 1; i < kBlocksPerChunk; ++i) places.take(false);
  return places;
}

}  // namespace

TEST_CASE("nodes fill the chunk that was begun") {
  NodePlaces places;
  CHECK(places.begin(kFirst) == block(kFirst, 0));
  for (unsigned i = 1; i < kBlocksPerChunk; ++i) CHECK(places.take(false) == block(kFirst, i));
  CHECK_FALSE(places.take(true).has_value());
  CHECK(places.live(kFirst) == kBlocksPerChunk);
}

TEST_CASE("a place that a node has left is used again when that is durable") {
  NodePlaces places = filled(kFirst);
  places.free(block(kFirst, 5));
  CHECK(places.holes() == 0);
  CHECK(places.leaving() == 1);
  CHECK_FALSE(places.take(true).has_value());
  CHECK(places.frees_are_durable().empty());
  CHECK(places.holes() == 1);
  CHECK(places.take(true) == block(kFirst, 5));
}

TEST_CASE("a chunk with many nodes gets more of them only if there is no other way") {
  NodePlaces places = filled(kFirst);
  places.begin(kSecond);
  for (unsigned i = 1; i < kBlocksPerChunk; ++i) places.take(false);
  places.free(block(kFirst, 5));
  for (unsigned i = 3; i < kBlocksPerChunk; ++i) places.free(block(kSecond, i));
  places.frees_are_durable();
  CHECK(places.take(false) == block(kSecond, 3));
  for (unsigned i = 4; i < kBlocksPerChunk; ++i) places.take(false);
  CHECK_FALSE(places.take(false).has_value());
  CHECK(places.take(true) == block(kFirst, 5));
}

TEST_CASE("a chunk is given back when its last node has left it and that is durable") {
  NodePlaces places;
  places.begin(kFirst);
  places.free(block(kFirst, 0));
  CHECK(places.live(kFirst) == 0);
  CHECK_FALSE(places.take(true).has_value());
  CHECK(places.frees_are_durable() == std::vector<ChunkNumber>{kFirst});
}

TEST_CASE("as many nodes find a place as there are holes, also in chunks that all nodes are leaving") {
  NodePlaces places;
  for (const ChunkNumber chunk : {kFirst, kSecond}) places.learn(block(chunk, 3));
  for (const ChunkNumber chunk : {kFirst, kSecond}) places.complete(chunk, 1);
  for (const ChunkNumber chunk : {kFirst, kSecond}) places.free(block(chunk, 3));
  CHECK(places.holes() == 2 * (kBlocksPerChunk - 1));
  std::set<BlockNumber> taken;
  while (const auto place = places.take_in_emptied()) {
    taken.insert(*place);
    while (const auto another = places.take(true)) taken.insert(*another);
  }
  CHECK(taken.size() == 2 * (kBlocksPerChunk - 1));
  CHECK_FALSE(taken.contains(block(kFirst, 3)));
  CHECK(places.holes() == 0);
  CHECK(places.frees_are_durable().empty());
  CHECK(places.holes() == 2);
}

TEST_CASE("what is learnt of a store is what its trees have") {
  NodePlaces places;
  places.learn(block(kFirst, 0));
  places.learn(block(kFirst, 2));
  places.complete(kFirst, 2);
  CHECK(places.holes() == kBlocksPerChunk - 2);
  CHECK(places.take(true) == block(kFirst, 1));
}

TEST_CASE("where nodes live that no tree tells of, no other is placed, and the chunk is never given back") {
  NodePlaces places;
  places.learn(block(kFirst, 0));
  places.complete(kFirst, 2);
  CHECK(places.holes() == 0);
  CHECK_FALSE(places.take(true).has_value());
  places.free(block(kFirst, 0));
  CHECK(places.frees_are_durable().empty());
  CHECK(places.live(kFirst) == 1);
}
