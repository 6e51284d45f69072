// The checker against a store that keeps its word, and against the same store with one of its rules left out.
#include "test/crash/checker.h"

#include <catch2/catch.hpp>

#include "test/crash/crash_run.h"
#include "test/crash/log_store.h"

namespace shoal::crash {
namespace {

std::string first_difference(LogRule left_out, std::uint64_t states = 3000) {
  const CrashReport report = run(log_store(left_out), {.states = states});
  return report.difference ? report.difference->what : "";
}

TEST_CASE("a store that keeps its word has no difference, in about as many states as were asked for") {
  const CrashReport report = run(log_store(), {.states = 3000});
  CHECK_FALSE(report.difference);
  CHECK(report.states >= 3000);
  CHECK(report.states < 4000);
  CHECK(report.workloads > 100);
}

TEST_CASE("whatever rule a store leaves out, the checker finds it") {
  CHECK(first_difference(LogRule::durable_writes) != "");
  CHECK(first_difference(LogRule::late_answers) != "");
  CHECK(first_difference(LogRule::checksums) != "");
  CHECK(first_difference(LogRule::one_at_a_time) != "");
  CHECK(first_difference(LogRule::logged_promises) != "");
  CHECK(first_difference(LogRule::logged_voids) != "");
}

TEST_CASE("a difference is found again by its workload and the name of its state") {
  const StoreDriver driver = log_store(LogRule::checksums);
  const CrashReport first = run(driver, {.states = 3000});
  REQUIRE(first.difference);
  const CrashReport again =
      run(driver, {.workload = first.difference->workload, .state = StateName::parse(first.difference->state)});
  REQUIRE(again.difference);
  CHECK(again.difference->what == first.difference->what);
}

TEST_CASE("workloads and states are found by their names") {
  CHECK(parse_workload("write,sync,two").actions.size() == 4);
  CHECK(parse_workload("random:7").actions.size() == random_workload(7).actions.size());
  CHECK(parse_workload("create").from_nothing);
  CHECK_THROWS_AS(parse_workload("write,nonsense"), std::invalid_argument);
  CHECK(short_workloads(2).size() == words().size() * words().size());
  CHECK(StateName::parse("12.7") == StateName{12, 7});
  CHECK_THROWS_AS(StateName::parse("12"), std::invalid_argument);
}

}  // namespace
}  // namespace shoal::crash
