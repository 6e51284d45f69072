#include <catch2/catch.hpp>
#include <ctime>
#include <numeric>
#include <set>
#include <thread>

#include "target/runtime/system_random.h"
#include "test/unit/runtime/runtime_rig.h"

using namespace shoal;
using namespace shoal::test;

namespace {
std::clock_t cpu_used() { return std::clock(); }
}  // namespace

TEST_CASE("posted tasks run in order, and never inside post") {
  RuntimeRig rig;
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) {
    rig.runtime.post([&, i] {
      order.push_back(i);
      if (i == 0) rig.runtime.post([&] { order.push_back(3); });
    });
  }
  CHECK(order.empty());
  REQUIRE(rig.run_until([&] { return order.size() == 4; }));
  CHECK(order == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("tasks that always post another do not keep timers and sockets from their turn") {
  RuntimeRig rig;
  std::function<void()> again = [&] { rig.runtime.post([&] { again(); }); };
  again();
  bool fired = false;
  const auto timer = rig.runtime.after(1ms, [&] { fired = true; });
  CHECK(rig.run_until([&] { return fired; }));
}

TEST_CASE("tasks that have not run end with the runtime, without being called") {
  bool called = false;
  const auto owned = std::make_shared<int>(1);
  {
    AsioRuntime runtime;
    runtime.post([&called, owned] { called = true; });
    CHECK(owned.use_count() == 2);
  }
  CHECK_FALSE(called);
  CHECK(owned.use_count() == 1);
}

TEST_CASE("a task that has run releases what it owns at once") {
  RuntimeRig rig;
  auto owned = std::make_shared<int>(1);
  bool second = false;
  rig.runtime.post([owned] {});
  rig.runtime.post([&] { second = owned.use_count() == 1; });
  rig.settle();
  CHECK(second);
}

TEST_CASE("timers fire in order of their deadlines, equal ones in order of creation") {
  RuntimeRig rig;
  std::vector<int> order;
  const auto late = rig.runtime.after(30ms, [&] { order.push_back(3); });
  const auto early = rig.runtime.after(5ms, [&] { order.push_back(1); });
  const auto middle = rig.runtime.after(15ms, [&] { order.push_back(2); });
  const auto first = rig.runtime.after(0ms, [&] { order.push_back(0); });
  REQUIRE(rig.run_until([&] { return order.size() == 4; }));
  CHECK(order == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("a timer never fires early, and not inside the call that sets it") {
  RuntimeRig rig;
  const Time begin = rig.runtime.now();
  Time fired{};
  const auto timer = rig.runtime.after(10ms, [&] { fired = rig.runtime.now(); });
  REQUIRE(rig.run_until([&] { return fired != Time{}; }));
  CHECK(fired - begin >= 10ms);
}

TEST_CASE("a timer that is destroyed does not fire, not even when a timer of the same moment destroys it") {
  RuntimeRig rig;
  bool fired = false;
  std::unique_ptr<Timer> second;
  const auto first = rig.runtime.after(1ms, [&] { second.reset(); });
  second = rig.runtime.after(1ms, [&] { fired = true; });
  auto third = rig.runtime.after(1ms, [&] { fired = true; });
  third.reset();
  std::this_thread::sleep_for(5ms);  // so that both are due in one pass
  rig.settle();
  CHECK_FALSE(fired);
}

TEST_CASE("a timer may destroy itself while it fires, and set itself again") {
  RuntimeRig rig;
  int count = 0;
  std::unique_ptr<Timer> timer;
  std::function<void()> tick = [&] {
    if (++count < 5) timer = rig.runtime.after(0ms, [&] { tick(); });
  };
  timer = rig.runtime.after(0ms, [&] { tick(); });
  CHECK(rig.run_until([&] { return count == 5; }));
}

TEST_CASE("a timer without end is no overflow") {
  RuntimeRig rig;
  bool fired = false;
  const auto timer = rig.runtime.after(Duration::max(), [&] { fired = true; });
  rig.settle();
  CHECK_FALSE(fired);
}

TEST_CASE("a timer may outlive the runtime") {
  std::unique_ptr<Timer> timer;
  {
    AsioRuntime runtime;
    timer = runtime.after(1h, [] {});
  }
  timer.reset();
}

TEST_CASE("an idle runtime uses no processor time") {
  RuntimeRig rig;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 100; ++i) timers.push_back(rig.runtime.after(1h, [] {}));
  const std::clock_t begin = cpu_used();
  CHECK_FALSE(rig.run_until([] { return false; }, 200ms));
  CHECK(cpu_used() - begin < CLOCKS_PER_SEC / 50);
}

TEST_CASE("run returns after stop from another thread, and can be called again") {
  AsioRuntime runtime;
  int rounds = 0;
  for (int i = 0; i < 2; ++i) {
    std::thread other;
    runtime.post([&] {
      ++rounds;
      other = std::thread([&] { runtime.stop(); });
    });
    runtime.run();
    other.join();
  }
  CHECK(rounds == 2);
}

TEST_CASE("the monotonic clock goes on while the loop stands still") {
  AsioRuntime runtime;
  const Time begin = runtime.now();
  std::this_thread::sleep_for(2ms);
  CHECK(runtime.now() - begin >= 2ms);
  CHECK(runtime.wall_clock_ms() > 1'600'000'000'000u);
}

TEST_CASE("random bytes differ, across the edge of the buffer too") {
  SystemRandom random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 2000; ++i) seen.insert(random.next());
  CHECK(seen.size() == 2000);
  std::vector<std::byte> bytes(10'001);
  random.fill(bytes);
  CHECK(std::count(bytes.begin(), bytes.end(), std::byte{0}) < 200);
}
