#include "target/runtime/fixed_memory.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace shoal;

namespace {

constexpr std::size_t kSlab = FixedMemory::kSlabBytes;

// A kernel that takes as many slabs as it is told to.
struct Kernel {
  FixedMemory memory{[this](unsigned slot, MutableByteSpan slab) {
    CHECK(slot == slabs.size());
    if (++asked; slabs.size() == takes) return false;
    slabs.push_back(slab);
    return true;
  }};
  std::size_t takes = FixedMemory::kMostSlabs;
  std::size_t asked = 0;
  std::vector<MutableByteSpan> slabs;

  std::optional<unsigned> slot_of(const SharedBytes& taken, std::size_t bytes) const {
    return memory.slot_of({taken.get(), bytes});
  }
};

}  // namespace

TEST_CASE("what is taken lies one behind the other in a slab, in whole blocks") {
  Kernel kernel;
  CHECK(kernel.asked == 0);
  const auto first = kernel.memory.take(kDeviceBlockBytes + 1), second = kernel.memory.take(kDeviceBlockBytes);
  CHECK(kernel.slabs.size() == 1);
  CHECK(second.get() == first.get() + 2 * kDeviceBlockBytes);
  CHECK(kernel.slot_of(first, kDeviceBlockBytes + 1) == 0u);
  CHECK(kernel.slot_of(second, kDeviceBlockBytes) == 0u);
}

TEST_CASE("what does not fit into the rest of a slab begins another one") {
  Kernel kernel;
  const auto first = kernel.memory.take(kSlab - kDeviceBlockBytes), second = kernel.memory.take(2 * kDeviceBlockBytes);
  CHECK(kernel.slabs.size() == 2);
  CHECK(kernel.slot_of(first, kSlab - kDeviceBlockBytes) == 0u);
  CHECK(kernel.slot_of(second, 2 * kDeviceBlockBytes) == 1u);
}

TEST_CASE("a slab is handed out again when nothing of it is held, and not before") {
  Kernel kernel;
  auto first = kernel.memory.take(kSlab / 2), rest = kernel.memory.take(kSlab / 2);
  auto second = kernel.memory.take(kSlab);
  first.reset();
  const auto third = kernel.memory.take(kSlab);
  CHECK(kernel.slot_of(third, kSlab) == 2u);
  const std::byte* const beginning = kernel.slabs[0].data();
  rest.reset();
  CHECK(kernel.memory.take(kSlab).get() == beginning);
  CHECK(kernel.slabs.size() == 3);
}

TEST_CASE("beyond its slabs, and of a kernel that takes none, memory is plain and lies in no slot") {
  Kernel kernel;
  kernel.takes = GENERATE(0, 1, FixedMemory::kMostSlabs);
  std::vector<SharedBytes> held;
  for (std::size_t i = 0; i < kernel.takes; ++i) held.push_back(kernel.memory.take(kSlab));
  CHECK(kernel.slabs.size() == kernel.takes);
  for (int again = 0; again < 2; ++again) {
    held.push_back(kernel.memory.take(kDeviceBlockBytes));
    REQUIRE(held.back());
    CHECK_FALSE(kernel.slot_of(held.back(), kDeviceBlockBytes));
  }
  CHECK(kernel.asked <= kernel.takes + 1);
}

TEST_CASE("what is larger than a slab is plain memory") {
  Kernel kernel;
  const auto large = kernel.memory.take(kSlab + kDeviceBlockBytes);
  CHECK(kernel.asked == 0);
  CHECK_FALSE(kernel.slot_of(large, kSlab + kDeviceBlockBytes));
}

TEST_CASE("bytes that reach out of a slab lie in no slot") {
  Kernel kernel;
  const auto taken = kernel.memory.take(kSlab);
  CHECK(kernel.slot_of(taken, kSlab) == 0u);
  CHECK_FALSE(kernel.memory.slot_of({taken.get() + kDeviceBlockBytes, kSlab}));
}

TEST_CASE("what was taken outlives the memory that it was taken of") {
  SharedBytes taken;
  {
    Kernel kernel;
    taken = kernel.memory.take(kDeviceBlockBytes);
  }
  taken[0] = taken[kDeviceBlockBytes - 1] = std::byte{1};
  CHECK(taken[0] == std::byte{1});
}
