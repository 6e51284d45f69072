#include "target/scsi/operation_numbers.h"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::scsi;

TEST_CASE("operations are numbered from 1 without gaps") {
  OperationNumbers numbers;
  CHECK(numbers.lowest_unfinished() == OperationId{1});
  CHECK(numbers.next() == OperationId{1});
  CHECK(numbers.next() == OperationId{2});
  CHECK(numbers.lowest_unfinished() == OperationId{1});
}

TEST_CASE("the lowest unfinished operation waits for those that end out of order") {
  OperationNumbers numbers;
  for (int i = 0; i < 4; ++i) numbers.next();
  numbers.finish({3});
  numbers.finish({2});
  CHECK(numbers.lowest_unfinished() == OperationId{1});
  numbers.finish({1});
  CHECK(numbers.lowest_unfinished() == OperationId{4});
  numbers.finish({4});
  CHECK(numbers.lowest_unfinished() == OperationId{5});
  CHECK(numbers.next() == OperationId{5});
}
