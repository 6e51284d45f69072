#include "routing/journal_store/block_pool.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <vector>

using namespace shoal::routing::journal;

TEST_CASE("blocks of a pool are aligned, and no two are the same") {
  BlockPool pool;
  std::vector<shoal::SharedBytes> blocks;
  std::set<std::byte*> places;
  for (int i = 0; i < 1000; ++i) {
    blocks.push_back(pool.block());
    places.insert(blocks.back().get());
    CHECK(reinterpret_cast<std::uintptr_t>(blocks.back().get()) % kBlock == 0);
    std::fill_n(blocks.back().get(), kBlock, static_cast<std::byte>(i));
  }
  CHECK(places.size() == blocks.size());
  for (int i = 0; i < 1000; ++i) {
    const std::byte* bytes = blocks[static_cast<std::size_t>(i)].get();
    CHECK((bytes[0] == static_cast<std::byte>(i) && bytes[kBlock - 1] == static_cast<std::byte>(i)));
  }
}

TEST_CASE("a block that was given back is used again") {
  BlockPool pool;
  std::byte* const before = pool.block().get();
  CHECK(pool.block().get() == before);
}

TEST_CASE("a block may outlive its pool") {
  shoal::SharedBytes block = BlockPool().block();
  std::fill_n(block.get(), kBlock, std::byte{7});
  CHECK(block[kBlock - 1] == std::byte{7});
}
