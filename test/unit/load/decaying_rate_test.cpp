#include "cluster/load/decaying_rate.h"

#include <catch2/catch.hpp>

#include "cluster/load/wait_meter.h"
#include "test/unit/load/group.h"

using namespace shoal;
using namespace shoal::load;

namespace {

constexpr Duration kHalfLife = 5s;

// `amount` in each of so many seconds.
DecayingRate steady(std::uint64_t amount, int seconds, DecayingRate rate = {}) {
  for (int i = 0; i < seconds; ++i) {
    rate.add(amount);
    rate.roll(DecayStep::over(1s, kHalfLife));
  }
  return rate;
}

}  // namespace

TEST_CASE("a steady rate is found after some half-lives, half of it after one") {
  CHECK(steady(100, 5).per_second() == Approx(50));
  CHECK(steady(100, 60).per_second() == Approx(100).epsilon(0.001));
}

TEST_CASE("a rate that ends is half after one half-life, and nothing at all some time later") {
  const DecayingRate was = steady(1000, 60);
  CHECK(steady(0, 5, was).per_second() == Approx(500).epsilon(0.001));
  CHECK(steady(0, 300, was).nothing());
}

TEST_CASE("what is added counts when its period is closed") {
  DecayingRate rate;
  rate.add(7);
  CHECK(rate.per_second() == 0);
  CHECK(rate.pending() == 7);
  CHECK_FALSE(rate.nothing());
  rate.roll(DecayStep::over(1s, kHalfLife));
  CHECK(rate.pending() == 0);
  CHECK(rate.per_second() > 0);
}

TEST_CASE("a period that lasts longer weighs by its length") {
  const DecayingRate by_one = steady(100, 3);
  DecayingRate at_once;
  at_once.add(300);
  at_once.roll(DecayStep::over(3s, kHalfLife));
  CHECK(at_once.per_second() == Approx(by_one.per_second()));
}

TEST_CASE("a period without duration keeps the rate as it is") {
  CHECK(DecayStep::over(0s, kHalfLife).kept == 1);
  CHECK(DecayStep::over(0s, kHalfLife).gain == 0);
  CHECK(DecayStep::over(-1s, kHalfLife).kept == 1);
}

TEST_CASE("rates of parts add up to the rate of the whole") {
  DecayingRate whole, first, second;
  for (std::uint64_t i = 0; i < 20; ++i) {
    first.add(i * i);
    second.add(1000 - i);
    whole.add(first.pending() + second.pending());
    for (DecayingRate* each : {&whole, &first, &second}) each->roll(DecayStep::over(1s, kHalfLife));
  }
  CHECK(whole.per_second() == Approx(first.per_second() + second.per_second()));
}

TEST_CASE("requests have waited from their start to their end, or until now") {
  WaitMeter meter;
  meter.started(at(1));
  meter.started(at(2));
  meter.ended(at(4));
  const WaitMeter::Period first = meter.take(at(5));
  CHECK(first.ended == 1);
  CHECK(first.waited_ns == 6'000'000'000);  // 1 to 4 and 2 to 5, whichever of them ended
  CHECK(meter.outstanding() == 1);
  const WaitMeter::Period second = meter.take(at(6));
  CHECK(second.ended == 0);
  CHECK(second.waited_ns == 1'000'000'000);
}

TEST_CASE("when nothing waits nothing is added") {
  WaitMeter meter;
  meter.started(at(1));
  meter.ended(at(2));
  meter.take(at(3));
  CHECK(meter.take(at(1000)).waited_ns == 0);
}

TEST_CASE("a request that is told late counts from when it arrived") {
  WaitMeter meter;
  meter.take(at(10));
  meter.started(at(9));
  CHECK(meter.take(at(11)).waited_ns == 2'000'000'000);
}

TEST_CASE("an end that is told late takes back what was counted too much, and never gives less than nothing") {
  WaitMeter meter;
  meter.started(at(1));
  CHECK(meter.take(at(3)).waited_ns == 2'000'000'000);
  meter.ended(at(2));
  CHECK(meter.take(at(4)).waited_ns == 0);
  meter.started(at(4));
  CHECK(meter.take(at(6)).waited_ns == 1'000'000'000);  // 4 to 6, less the second that was too much
}

TEST_CASE("the mean wait of a steady load is its latency") {
  WaitMeter meter;
  MeanWait mean;
  for (int second = 0; second < 40; ++second) {
    for (int i = 0; i < 100; ++i) {
      meter.started(at(second + i / 100.0));
      meter.ended(at(second + i / 100.0 + 0.004));
    }
    mean.add(meter.take(at(second + 1)));
    mean.roll(DecayStep::over(1s, kHalfLife));
  }
  CHECK(mean.mean_s() == Approx(0.004));
  CHECK(mean.waiting() == Approx(0.4).epsilon(0.01));
  CHECK(mean.ended_per_second() == Approx(100).epsilon(0.01));
}

TEST_CASE("requests that hang show in the mean wait although none of them ends") {
  WaitMeter meter;
  MeanWait mean;
  for (int i = 0; i < 8; ++i) meter.started(at(0));
  for (int second = 1; second <= 10; ++second) {
    mean.add(meter.take(at(second)));
    mean.roll(DecayStep::over(1s, kHalfLife));
  }
  CHECK(mean.waiting() == Approx(6));
  CHECK(mean.mean_s() > 10);
}

TEST_CASE("without requests the mean wait is nothing") { CHECK(MeanWait().mean_s() == 0); }
