#include "test/crash/fault_run.h"

#include <catch2/catch.hpp>

#include "test/crash/corruption_run.h"
#include "test/crash/log_store.h"

namespace shoal::crash {
namespace {

TEST_CASE("a store that keeps its word does so with a fault at each of its inputs and outputs") {
  const FaultReport report = run_with_faults(log_store(), 1, brief_workload(3));
  CHECK_FALSE(report.difference);
  CHECK(report.faults > 50);
}

TEST_CASE("a store that opens without having read what it has is found by a fault of that read") {
  const StoreDriver driver = log_store(LogRule::read_errors);
  const FaultReport report = run_with_faults(driver, 1, parse_workload("write,reopen"));
  REQUIRE(report.difference);
  const StateName fault = StateName::parse(report.difference->state);
  const FaultReport again =
      run_with_fault(driver, 1, parse_workload("write,reopen"), {fault.cut, static_cast<FaultKind>(fault.draw)});
  REQUIRE(again.difference);
  CHECK(again.difference->what == report.difference->what);
}

TEST_CASE("a store that takes what an earlier life left behind its log for a part of it is found by a fault") {
  CHECK(run_with_faults(log_store(LogRule::chain), 1, random_workload(1000)).difference);
}

TEST_CASE("a store that takes damaged data for right, or the rest of them for all, is found by corrupting it") {
  CHECK(run_corruptions(log_store(LogRule::checksums), 1, 0, 200).difference);
  CHECK(run_corruptions(log_store(), 1, 0, 200).difference);  // it takes a damaged frame for the end of the log
}

}  // namespace
}  // namespace shoal::crash
