#include "cluster/load/thinning.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace shoal::load;

TEST_CASE("of what happens seldom everything is looked at, in each period") {
  Thinning thinning;
  for (int period = 0; period < 3; ++period) {
    thinning.begin_period();
    for (std::uint32_t i = 0; i < Thinning::kAllOfPeriod; ++i) CHECK(thinning.next() == 1);
  }
}

TEST_CASE("of what happens very often few are looked at, and they stand for all") {
  Thinning thinning;
  const double events = 1'000'000;
  double looked_at = 0, sum = 0;
  for (int i = 0; i < static_cast<int>(events); ++i) {
    const std::uint32_t times = thinning.next();
    looked_at += times > 0 ? 1 : 0;
    sum += times;
  }
  CHECK(looked_at < events / 7);
  CHECK(std::abs(sum - events) < 4 * std::sqrt(7 * events));
}

TEST_CASE("events that come in turns are looked at alike, whatever their number") {
  for (const std::size_t kinds : {2u, 8u, 15u, 16u}) {
    Thinning thinning;
    std::vector<double> sums(kinds, 0);
    const double each = 100'000;
    for (std::size_t i = 0; i < kinds * 100'000; ++i) sums[i % kinds] += thinning.next();
    for (const double sum : sums) CHECK(std::abs(sum - each) < 5 * std::sqrt(7 * each));
  }
}
