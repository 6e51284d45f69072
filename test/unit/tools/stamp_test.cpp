#include "tools/bench/core/stamp.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace shoal;

TEST_CASE("a stamp reads back, a torn or foreign block does not, zeros were never written") {
  std::vector<std::byte> block(kStampBytes), other(kStampBytes);
  CHECK(read_stamp(block) == Stamp{});
  write_stamp(block, {7, 1, 42});
  CHECK(read_stamp(block) == Stamp{7, 1, 42});
  write_stamp(other, {7, 1, 43});
  std::copy(other.begin() + 512, other.end(), block.begin() + 512);
  CHECK_FALSE(read_stamp(block));
  block.assign(kStampBytes, std::byte{1});
  CHECK_FALSE(read_stamp(block));
}
