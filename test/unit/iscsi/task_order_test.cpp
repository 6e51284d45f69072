#include "target/iscsi/task_order.h"

#include <catch2/catch.hpp>

using shoal::iscsi::TaskAttribute;
using shoal::iscsi::TaskOrder;
using Older = TaskOrder::Older;

namespace {

constexpr auto simple = TaskAttribute::simple, ordered = TaskAttribute::ordered, urgent = TaskAttribute::head_of_queue;

}  // namespace

TEST_CASE("simple tasks pass each other, whether they wait or run") {
  TaskOrder order;
  order.started(simple);
  CHECK(order.may_start(simple, Older::simple));
  CHECK(order.may_start(TaskAttribute::untagged, Older::simple));
}

TEST_CASE("an ordered task waits for all that is older and not answered") {
  TaskOrder order;
  CHECK(order.may_start(ordered, Older::none));
  CHECK_FALSE(order.may_start(ordered, Older::simple));
  order.started(simple);
  CHECK_FALSE(order.may_start(ordered, Older::none));
  order.ended(simple);
  CHECK(order.may_start(ordered, Older::none));
}

TEST_CASE("nothing but head of queue starts while an ordered task waits before it or runs") {
  TaskOrder order;
  CHECK_FALSE(order.may_start(simple, Older::ordered));
  order.started(ordered);
  CHECK_FALSE(order.may_start(simple, Older::none));
  CHECK_FALSE(order.may_start(ordered, Older::none));
  CHECK(order.may_start(urgent, Older::ordered));
  order.ended(ordered);
  CHECK(order.may_start(simple, Older::none));
}

TEST_CASE("what has not started waits for each head of queue task that runs") {
  TaskOrder order;
  order.started(urgent);
  order.started(urgent);
  order.ended(urgent);
  CHECK_FALSE(order.may_start(simple, Older::none));
  CHECK_FALSE(order.may_start(ordered, Older::none));
  CHECK(order.may_start(urgent, Older::simple));
  order.ended(urgent);
  CHECK(order.may_start(simple, Older::none));
}
