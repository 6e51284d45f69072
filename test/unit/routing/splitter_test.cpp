#include "routing/splitter.h"

#include <catch2/catch.hpp>

#include "target/base/random.h"

using namespace shoal;
using namespace shoal::routing;

namespace {

constexpr std::uint32_t kPage = 64 * 1024;
constexpr std::uint64_t kPageBlocks = kPage / kBlockBytes;

BlockRange blocks(std::uint64_t first, std::uint64_t count) { return {Lba{first}, count}; }

}  // namespace

TEST_CASE("a range inside one page is one part") {
  const auto parts = split(blocks(3, 5), kPage);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0] == PagePart{PageIndex{0}, 3 * kBlockBytes, 5 * kBlockBytes, 0});
}

TEST_CASE("a range is cut exactly at the page border") {
  const auto parts = split(blocks(kPageBlocks - 1, 2), kPage);
  REQUIRE(parts.size() == 2);
  CHECK(parts[0] == PagePart{PageIndex{0}, kPage - kBlockBytes, kBlockBytes, 0});
  CHECK(parts[1] == PagePart{PageIndex{1}, 0, kBlockBytes, kBlockBytes});
}

TEST_CASE("a range that ends at a page border has no part behind it") {
  const auto parts = split(blocks(kPageBlocks, kPageBlocks), kPage);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0] == PagePart{PageIndex{1}, 0, kPage, 0});
}

TEST_CASE("an empty range has no parts") {
  CHECK(split(blocks(7, 0), kPage).empty());
  CHECK(Splitter(blocks(7, 0), kPage).count() == 0);
}

TEST_CASE("long parts are cut at multiples of the largest length, so that no block is torn") {
  const auto parts = split(blocks(1, 4 * kPageBlocks), 4 * kPage, kPage);
  REQUIRE(parts.size() == 5);
  CHECK(parts[0].length == kPage - kBlockBytes);
  CHECK(parts[1] == PagePart{PageIndex{0}, kPage, kPage, kPage - kBlockBytes});
  CHECK(parts[4] == PagePart{PageIndex{1}, 0, kBlockBytes, 4 * kPage - kBlockBytes});
}

TEST_CASE("the last block of the largest image is reached") {
  const std::uint64_t last = kMaxImageBytes / kBlockBytes - 1;
  const auto parts = split(blocks(last, 1), kMaxPageBytes);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].page == PageIndex{kMaxImageBytes / kMaxPageBytes - 1});
  CHECK(parts[0].offset == kMaxPageBytes - kBlockBytes);
}

TEST_CASE("parts cover any range exactly, in order, without overlap, and never cross a border") {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SeededRandom random(seed);
    const std::uint32_t page = kMinPageBytes << random.below(11);
    const std::uint32_t most = kPhysicalBlockBytes << random.below(15);
    const BlockRange range = blocks(random.below(1 << 20), random.below(1 << 12));
    INFO("seed " << seed << " page " << page << " most " << most << " first " << range.first.value << " count "
                 << range.count);
    Splitter splitter(range, page, most);
    std::uint64_t at = 0;
    for (std::uint64_t left = splitter.count(); left > 0; --left) {
      const auto part = splitter.next();
      REQUIRE(part);
      REQUIRE(part->length > 0);
      REQUIRE(part->at == at);
      REQUIRE(part->page.value * page + part->offset == range.first.value * kBlockBytes + at);
      REQUIRE(part->offset + part->length <= page);
      REQUIRE(part->length <= most);
      at += part->length;
      REQUIRE(splitter.count() == left - 1);
    }
    REQUIRE(!splitter.next());
    REQUIRE(at == range.count * kBlockBytes);
  }
}
