// What is kept between two rounds, without locks or tasks.
#include "routing/kept_ranges.h"

#include <catch2/catch.hpp>

#include "test/unit/routing/routing_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

struct Request {
  PageRequest request{.kind = OperationKind::compare_and_write,
                      .page = {ImageId{7}, PageIndex{2}},
                      .length = kBlockBytes,
                      .keep = true,
                      .origin = {.nexus = nexus_id(1), .generation = Generation{5}}};
  explicit Request(std::uint64_t id) { request.origin.id = OperationId{id}; }
  Request& nexus(std::uint8_t number) { return request.origin.nexus = nexus_id(number), *this; }
  Request& generation(std::uint64_t value) { return request.origin.generation = Generation{value}, *this; }
  Request& page(std::uint64_t index) { return request.page.index = PageIndex{index}, *this; }
  Request& at(std::uint32_t offset) { return request.offset = offset, *this; }
  Request& image(std::uint64_t id) { return request.page.image = ImageId{id}, *this; }
  operator const PageRequest&() const { return request; }
};

Origin origin(std::uint64_t generation, std::uint64_t lowest_unfinished, std::uint8_t nexus = 1) {
  return {.nexus = nexus_id(nexus),
          .generation = Generation{generation},
          .lowest_unfinished = OperationId{lowest_unfinished}};
}

constexpr Time kNow{};

}  // namespace

TEST_CASE("a range is kept for the same operation, page and range, and is taken once") {
  KeptRanges kept({});
  CHECK(kept.add(Request(1), 42, kNow));
  for (const Request& other : {Request(2), Request(1).nexus(2), Request(1).generation(6), Request(1).page(3),
                               Request(1).at(kBlockBytes), Request(1).image(8)}) {
    CHECK_FALSE(kept.contains(other));
  }
  REQUIRE(kept.contains(Request(1)));
  CHECK(kept.take(Request(1)) == 42);
  CHECK(kept.empty());
  CHECK_FALSE(kept.contains(Request(1)));
}

TEST_CASE("an operation keeps a range once") {
  KeptRanges kept({});
  CHECK(kept.add(Request(1), 1, kNow));
  CHECK_FALSE(kept.add(Request(1), 2, kNow));
  CHECK(kept.take(Request(1)) == 1);
}

TEST_CASE("there is a limit for each nexus of an image, and one for all") {
  KeptRanges kept({.ranges = 3, .of_nexus = 2});
  CHECK(kept.add(Request(1), 1, kNow));
  CHECK(kept.add(Request(2).generation(4), 2, kNow));
  CHECK_FALSE(kept.add(Request(3), 3, kNow));
  CHECK(kept.add(Request(3).nexus(2), 3, kNow));
  CHECK_FALSE(kept.add(Request(1).nexus(3), 4, kNow));
  kept.take(Request(1));
  CHECK(kept.add(Request(4), 4, kNow));
}

TEST_CASE("time is up for each range by itself") {
  KeptRanges kept({.longest = 10s});
  kept.add(Request(2), 2, kNow);
  kept.add(Request(1), 1, kNow + 1s);
  CHECK_FALSE(kept.expired(kNow + 9999ms));
  CHECK(kept.expired(kNow + 10s) == 2);
  kept.take(Request(2));
  CHECK_FALSE(kept.expired(kNow + 10s));
  CHECK(kept.expired(kNow + 11s) == 1);
}

TEST_CASE("an operation is over when its nexus is at a newer generation, or past its id") {
  KeptRanges kept({});
  kept.add(Request(8), 8, kNow);
  CHECK_FALSE(kept.finished(ImageId{7}, origin(5, 8)));
  CHECK_FALSE(kept.finished(ImageId{7}, origin(4, 100)));
  CHECK_FALSE(kept.finished(ImageId{7}, origin(5, 9, 2)));
  CHECK_FALSE(kept.finished(ImageId{8}, origin(5, 9)));
  CHECK(kept.finished(ImageId{7}, origin(5, 9)) == 8);
  CHECK(kept.finished(ImageId{7}, origin(6, 0)) == 8);
}

TEST_CASE("of many operations those that are over are told, oldest first, and no others") {
  KeptRanges kept({});
  kept.add(Request(1).generation(6), 3, kNow);
  kept.add(Request(9), 2, kNow);
  kept.add(Request(7), 1, kNow);
  kept.add(Request(3).nexus(2), 9, kNow);
  std::vector<KeptRanges::Task> over;
  const Origin now = origin(6, 1);
  for (const auto& request : {Request(7), Request(9)}) {
    over.push_back(*kept.finished(ImageId{7}, now));
    kept.take(request);
  }
  CHECK(over == std::vector<KeptRanges::Task>{1, 2});
  CHECK_FALSE(kept.finished(ImageId{7}, now));
}
