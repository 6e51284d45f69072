// A ledger with a chunk in each of many leaves, and a stack that is too small for a call of anything for each of them.
#pragma once

#include <pthread.h>
#include <catch2/catch.hpp>

#include <functional>

#include "routing/journal_store/ledger.h"
#include "test/sim/world.h"

namespace shoal::routing::test {

inline constexpr ImageId kManyLeavesImage{7};
inline constexpr std::uint64_t kManyLeaves = 3000;

struct ManyLeaves {
  ManyLeaves() {
    ledger.catalog.images[kManyLeavesImage].page_bytes = kChunkBytes;
    for (std::uint64_t leaf = 0; leaf < kManyLeaves; ++leaf) {
      const auto pin = ledger.trees.leaf_in_memory(kManyLeavesImage, leaf, journal::IfAbsent::create);
      journal::set_chunk_entry(ledger.cache.change(**pin), 0, {.chunk = {100}, .written = 1});
    }
  }

  sim::World world{1};
  journal::Device device{world.add_host("a", {"10.0.0.1"}).runtime(), nullptr, "", Log()};
  journal::Ledger ledger{device, {}, std::size_t{64} << 20};
};

inline void run_on_small_stack(std::function<void()> work) {
  constexpr std::size_t kStackBytes = 256 * 1024;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  REQUIRE(pthread_attr_setstacksize(&attributes, kStackBytes) == 0);
  const auto call = [](void* work) -> void* {
    (*static_cast<std::function<void()>*>(work))();
    return nullptr;
  };
  pthread_t thread{};
  REQUIRE(pthread_create(&thread, &attributes, call, &work) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

}  // namespace shoal::routing::test
