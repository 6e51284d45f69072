// Which histories of counters are right.
#include "test/sim/group/counter_checker.h"

#include <catch2/catch.hpp>

namespace shoal::sim {
namespace {

constexpr Counter kInside{Lba{8}, 1}, kAcross{Lba{127}, 2};

CounterValue value(std::uint64_t count, std::uint64_t operation) { return {count, 1, operation}; }

// An increment of one block in place of `before`.
void raise(CounterChecker& checker, const CounterValue& before, const CounterValue& raised) {
  checker.begins(kInside, {before}, raised);
  checker.acknowledged(kInside, raised);
}

}  // namespace

TEST_CASE("a value comes back from its blocks") {
  const CounterValue raised{5, 2, 9};
  CHECK(to_values(to_blocks(raised, 2)) == std::vector{raised, raised});
  CHECK(to_values(std::string(kBlockBytes, '\0')) == std::vector{CounterValue{}});
}

TEST_CASE("increments one after the other are right") {
  CounterChecker checker;
  raise(checker, {}, value(1, 1));
  raise(checker, value(1, 1), value(2, 2));
  CHECK_FALSE(checker.read(kInside, {value(2, 2)}));
  CHECK(checker.check().empty());
  CHECK(checker.increments() == 2);
}

TEST_CASE("of two acknowledged increments in place of the same value one is lost") {
  CounterChecker checker;
  raise(checker, {}, value(1, 1));
  raise(checker, {}, value(1, 2));
  checker.read(kInside, {value(1, 2)});
  REQUIRE(checker.check().size() == 1);
  CHECK(checker.check()[0] == "counter at 8: 1 by 1.1 in place of 0 by 0.0 was acknowledged and is lost");
}

TEST_CASE("an acknowledged increment that is not there is lost") {
  CounterChecker checker;
  raise(checker, {}, value(1, 1));
  checker.read(kInside, {CounterValue{}});
  CHECK(checker.check().size() == 1);
}

TEST_CASE("an increment of unknown outcome may be there or not") {
  for (const CounterValue& found : {CounterValue{}, value(1, 1)}) {
    CounterChecker checker;
    checker.begins(kInside, {CounterValue{}}, value(1, 1));
    checker.read(kInside, {found});
    CHECK(checker.check().empty());
  }
}

TEST_CASE("a refused increment must not be there, also not below others") {
  CounterChecker checker;
  checker.begins(kInside, {CounterValue{}}, value(1, 1));
  checker.refused(kInside, value(1, 1));
  raise(checker, value(1, 1), value(2, 2));
  checker.read(kInside, {value(2, 2)});
  CHECK(checker.check().size() == 1);
}

TEST_CASE("what nobody has written is told when it is read") {
  CounterChecker checker;
  CHECK(checker.read(kInside, {value(7, 7)}));
}

TEST_CASE("an acknowledged increment is in every block of its counter; of unknown outcome it may be half written") {
  CounterChecker checker;
  checker.begins(kAcross, {{}, {}}, value(1, 1));
  checker.read(kAcross, {value(1, 1), CounterValue{}});
  CHECK(checker.check().empty());
  CHECK(checker.half_written() == 1);
  checker.acknowledged(kAcross, value(1, 1));
  CHECK(checker.check().size() == 1);
}

}  // namespace shoal::sim
