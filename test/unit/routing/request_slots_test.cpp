#include "routing/request_slots.h"

#include <catch2/catch.hpp>

#include <string>

using namespace shoal::routing;

namespace {
using Slots = RequestSlots<int, std::string>;
}

TEST_CASE("what waits is found by its id, once") {
  Slots slots;
  const auto first = slots.take(1), second = slots.take(2);
  CHECK(slots.release<int>(second) == 2);
  CHECK(slots.release<int>(first) == 1);
  CHECK_FALSE(slots.release<int>(first));
}

TEST_CASE("a slot that is used again has another id") {
  Slots slots;
  const auto first = slots.take(1);
  slots.release<int>(first);
  const auto second = slots.take(2);
  CHECK(first != second);
  CHECK(slots.find<int>(first) == nullptr);
  CHECK(*slots.find<int>(second) == 2);
}

TEST_CASE("an answer of another kind, or to what was never asked, finds nothing") {
  Slots slots;
  const auto id = slots.take(1);
  CHECK_FALSE(slots.release<std::string>(id));
  CHECK_FALSE(slots.release<int>(id + 1));
  CHECK_FALSE(slots.release<int>(~std::uint64_t{0}));
  CHECK(slots.release<int>(id) == 1);
}

TEST_CASE("everything is released at once, and what is taken meanwhile stays") {
  struct Visit {
    Slots& slots;
    int& sum;
    void operator()(std::monostate) const {}
    void operator()(int value) const {
      sum += value;
      slots.take(std::string("later"));
    }
    void operator()(const std::string&) const { FAIL("not one of those before"); }
  };
  Slots slots;
  slots.take(1);
  slots.release<int>(slots.take(10));
  slots.take(2);
  int sum = 0;
  slots.release_all(Visit{slots, sum});
  CHECK(sum == 3);
  CHECK(*slots.find<std::string>(0) == "later");
}
