#include "tools/node/memory_budget.h"

#include <catch2/catch.hpp>

using namespace shoal;

namespace {

constexpr std::uint64_t kMiB = 1u << 20;

}  // namespace

TEST_CASE("with much memory the limits stay as they are, and a store in memory gets half of it") {
  const NodeLimits limits = fit_to_memory({}, 16384 * kMiB);
  CHECK(limits.held_read_bytes == NodeLimits().held_read_bytes);
  CHECK(limits.held_write_bytes == NodeLimits().held_write_bytes);
  CHECK(limits.memory_store_bytes == 8192 * kMiB);
}

TEST_CASE("with little memory reads, writes and the store together fit into what the process leaves") {
  for (const std::uint64_t memory : {300 * kMiB, 350 * kMiB, 512 * kMiB, 1024 * kMiB}) {
    INFO(memory);
    const NodeLimits limits = fit_to_memory({.memory_store_bytes = 1u << 30}, memory);
    CHECK(limits.held_read_bytes < NodeLimits().held_read_bytes);
    CHECK(limits.held_read_bytes >= kLeastHeldReadBytes);
    CHECK(limits.held_write_bytes < NodeLimits().held_write_bytes);
    CHECK(limits.held_write_bytes >= kLeastHeldWriteBytes);
    CHECK(limits.store_cache_bytes < NodeLimits().store_cache_bytes);
    CHECK(kReservedMemoryBytes + limits.held_read_bytes + limits.held_write_bytes + limits.store_cache_bytes +
              *limits.memory_store_bytes <=
          memory);
  }
}

TEST_CASE("limits that are configured lower are not raised") {
  const NodeLimits asked{.held_read_bytes = 100 * kMiB, .held_write_bytes = 70 * kMiB, .memory_store_bytes = 3 * kMiB};
  const NodeLimits limits = fit_to_memory(asked, 16384 * kMiB);
  CHECK(limits.held_read_bytes == 100 * kMiB);
  CHECK(limits.held_write_bytes == 70 * kMiB);
  CHECK(limits.memory_store_bytes == 3 * kMiB);
}

TEST_CASE("next to no memory leaves the least of each and no more") {
  const NodeLimits limits = fit_to_memory({}, 1);
  CHECK(limits.held_read_bytes == kLeastHeldReadBytes);
  CHECK(limits.held_write_bytes == kLeastHeldWriteBytes);
  CHECK(limits.memory_store_bytes <= kLeastMemoryStoreBytes);
}
