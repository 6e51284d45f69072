#include "tools/node/descriptor_budget.h"

#include <catch2/catch.hpp>

using namespace shoal;

TEST_CASE("limits that fit the descriptors stay as they are") {
  const auto limits = fit_to_descriptors(NodeConfig(), 4096 + kReservedDescriptors);
  REQUIRE(limits.has_value());
  CHECK(limits->connections == 4096);
  CHECK(limits->half_open == 1024);
}

TEST_CASE("connections get what the reserve leaves, and strangers a quarter of that") {
  const auto limits = fit_to_descriptors(NodeConfig(), 1024);
  REQUIRE(limits.has_value());
  CHECK(limits->connections == 1024 - kReservedDescriptors);
  CHECK(limits->half_open == limits->connections / 4);
}

TEST_CASE("a lower limit of half-open connections is kept when connections are lowered") {
  NodeConfig config;
  config.limits.half_open = 3;
  CHECK(fit_to_descriptors(config, 1024)->half_open == 3);
}

TEST_CASE("where next to nothing is left for hosts the start is refused in one line that says what to raise") {
  const std::uint64_t least = kReservedDescriptors + kLeastConnections;
  CHECK(fit_to_descriptors(NodeConfig(), least)->connections == kLeastConnections);
  const auto refused = fit_to_descriptors(NodeConfig(), least - 1);
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(refused.error(), Catch::Contains("271") && Catch::Contains("272") && Catch::Contains("ulimit -Hn"));
}
