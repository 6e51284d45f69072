// The world itself: time, order, pauses, kills, and the trace that repeats.
#include <catch2/catch.hpp>

#include "test/sim/world.h"

namespace shoal::sim {
namespace {

TEST_CASE("timers run in the order of time, and tasks of one time in the order of their posting") {
  World world(1);
  Runtime& runtime = world.add_host("a", {"10.0.0.1"}).runtime();
  std::string order;
  auto late = runtime.after(2ms, [&] { order += "late "; });
  auto soon = runtime.after(1ms, [&] {
    order += "soon ";
    runtime.post([&] { order += "posted "; });
  });
  runtime.post([&] { order += "first "; });
  runtime.post([&] { order += "second "; });
  world.run_for(5ms);
  CHECK(order == "first second soon posted late ");
}

TEST_CASE("time stands still between events and moves on without any") {
  World world(1);
  Runtime& runtime = world.add_host("a", {"10.0.0.1"}).runtime();
  const Time start = runtime.now();
  Time at{};
  auto timer = runtime.after(3s, [&] { at = runtime.now(); });
  world.run_for(10s);
  CHECK(at - start == 3s);
  CHECK(runtime.now() - start == 10s);
}

TEST_CASE("a timer that is destroyed does not run") {
  World world(1);
  Runtime& runtime = world.add_host("a", {"10.0.0.1"}).runtime();
  bool ran = false;
  auto timer = runtime.after(1ms, [&] { ran = true; });
  timer.reset();
  world.run_for(1s);
  CHECK_FALSE(ran);
}

TEST_CASE("run_until ends as soon as its condition holds, and tells when it never did") {
  World world(1);
  Runtime& runtime = world.add_host("a", {"10.0.0.1"}).runtime();
  bool done = false;
  auto timer = runtime.after(3ms, [&] { done = true; });
  CHECK(world.run_until([&] { return done; }, 1s));
  CHECK(world.now() == Time(3ms));
  CHECK_FALSE(world.run_until([] { return false; }, 1s));
  CHECK(world.now() == Time(1003ms));
}

TEST_CASE("a host that stood still does late, and in order, what was due") {
  World world(1);
  Host& a = world.add_host("a", {"10.0.0.1"});
  std::string order;
  const Time start = a.runtime().now();
  Duration seen{};
  auto second = a.runtime().after(2s, [&] { order += "second "; });
  auto first = a.runtime().after(1s, [&] {
    order += "first ";
    seen = a.runtime().now() - start;
  });
  a.pause();
  world.run_for(5s);
  CHECK(order.empty());
  a.resume();
  world.run_for(0s);
  CHECK(order == "first second ");
  CHECK(seen == 5s);
}

TEST_CASE("a timer that is destroyed while its host stands still does not run after it") {
  World world(1);
  Host& a = world.add_host("a", {"10.0.0.1"});
  bool ran = false;
  std::unique_ptr<Timer> victim;
  auto first = a.runtime().after(1s, [&] { victim.reset(); });
  victim = a.runtime().after(2s, [&] { ran = true; });
  a.pause();
  world.run_for(5s);
  a.resume();
  world.run_for(5s);
  CHECK_FALSE(ran);
}

struct Witness {
  explicit Witness(int& alive) : alive(alive) { ++alive; }
  ~Witness() { --alive; }
  int& alive;
};

TEST_CASE("a kill destroys the application and everything that waited") {
  World world(1);
  Host& a = world.add_host("a", {"10.0.0.1"});
  int alive = 0;
  bool ran = false;
  a.run_application(std::make_shared<Witness>(alive));
  a.runtime().post([&ran, held = std::make_shared<Witness>(alive)] { ran = true; });
  CHECK(alive == 2);
  a.kill();
  CHECK(alive == 0);
  CHECK_FALSE(a.running());
  a.start();
  world.run_for(1s);
  CHECK_FALSE(ran);
  a.runtime().post([&] { ran = true; });
  world.run_for(1s);
  CHECK(ran);
}

TEST_CASE("a fast clock gains on the world's, and its timers come early") {
  World world(1);
  Host& a = world.add_host("a", {"10.0.0.1"});
  a.set_clock_rate(1.25);
  const Time start = a.clock();
  bool ran = false;
  auto timer = a.runtime().after(10s, [&] { ran = true; });
  world.run_for(7999ms);
  CHECK_FALSE(ran);
  world.run_for(2ms);
  CHECK(ran);
  CHECK(a.clock() - start >= 10s);
}

// A conversation with timers, randomness, files and a kill in it.
std::uint64_t trace_of(std::uint64_t seed) {
  World world(seed);
  Host& a = world.add_host("a", {"10.0.0.1"});
  Host& b = world.add_host("b", {"10.0.0.2"});
  std::unique_ptr<Stream> client, server;
  auto listener =
      *b.runtime().listen({"10.0.0.2", 1}, [&](std::unique_ptr<Stream> stream) { server = std::move(stream); });
  a.runtime().connect({"10.0.0.2", 1}, 1s, [&](auto result) { client = std::move(*result); });
  world.run_until([&] { return client && server; }, 1s);
  std::string text(1000, '\0');
  a.runtime().random().fill(std::as_writable_bytes(std::span(text)));
  client->write({Slice::copy_of(text)}, [](auto) {});
  auto file = *b.runtime().open_file("/f", true);
  file->write(0, {Slice::copy_of(text)}, SyncMode::none, [](auto) {});
  world.run_for(10ms);
  a.kill();
  world.run_for(10ms);
  return world.trace().hash();
}

TEST_CASE("the same seed gives the same trace, another seed another") {
  CHECK(trace_of(7) == trace_of(7));
  CHECK(trace_of(7) != trace_of(8));
}

TEST_CASE("the end of the trace can be read") {
  World world(1);
  Host& a = world.add_host("a", {"10.0.0.1"});
  a.log(LogLevel::info).info("hello number={}", 7);
  CHECK(world.trace().tail(1).find("a        hello number=7") != std::string::npos);
}

}  // namespace
}  // namespace shoal::sim
