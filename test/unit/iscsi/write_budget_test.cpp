#include "target/iscsi/write_budget.h"

#include <catch2/catch.hpp>

using namespace shoal::iscsi;

TEST_CASE("one session alone comes to half of the budget, several share it") {
  WriteBudget budget(600);
  CHECK(budget.may_hold(0, 300));
  CHECK_FALSE(budget.may_hold(0, 301));
  WriteShare first(budget), second(budget);
  first.set(200);
  CHECK(second.may_grow(200));
  CHECK_FALSE(second.may_grow(201));
  second.set(200);
  CHECK_FALSE(first.may_grow(1));
  CHECK_FALSE(first.exceeded());
}

TEST_CASE("what a session has held is there for others when it has gone") {
  WriteBudget budget(600);
  {
    WriteShare gone(budget);
    gone.add(300);
    gone.remove(100);
    CHECK(budget.held() == 200);
  }
  CHECK(budget.held() == 0);
}

TEST_CASE("that much less is held is told once") {
  WriteBudget budget(600);
  budget.change(0, 300);
  budget.change(300, 250);
  CHECK(budget.take_released(100) == 0);
  budget.change(250, 200);
  CHECK(budget.take_released(100) == 100);
  CHECK(budget.take_released(100) == 0);
  budget.change(200, 100);
  CHECK(budget.take_released(100) == 100);
}
