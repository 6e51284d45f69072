// World: one deterministic universe from one seed. Virtual time, hosts with their processes and disks, the network
// between them, and a trace. Everything runs in one thread: step() runs the earliest event.
//
//   World world(seed);
//   Host& a = world.add_host("a", {"10.0.0.1"});
//   a.runtime().post(...);                                  // the Runtime of a's process
//   world.run_until([&] { return done; }, 5s);
//
// Events of a host's process wait in the host's own queue, those of kernels, the network and the test in the world's. A
// paused host's queue is passed over: when it goes on, what was due meanwhile runs first, late and in order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "target/base/random.h"
#include "test/sim/event_queue.h"
#include "test/sim/host.h"
#include "test/sim/network.h"
#include "test/sim/trace.h"

namespace shoal::sim {

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();
  World(const World&) = delete;

  std::uint64_t seed() const { return seed_; }
  Time now() const { return now_; }
  Trace& trace() { return trace_; }
  Network& network() { return network_; }
  // A generator of its own for each purpose: one that draws more does not change what others get.
  SeededRandom random_for(std::string_view purpose) const;

  Host& add_host(const std::string& name, std::vector<std::string> addresses);
  Host& host(std::string_view name);          // which exists
  Host* host_at(const std::string& address);  // null: no such address
  const std::vector<std::unique_ptr<Host>>& hosts() const { return hosts_; }

  // The test's own events, and those of kernels and networks: no pause holds them.
  EventKey after(Duration delay, Completion<> task) { return at(now_ + delay, std::move(task)); }
  EventKey at(Time time, Completion<> task);
  void cancel(const EventKey& key) { queue_.cancel(key); }

  bool step();  // false: there is nothing left to happen
  // True as soon as `done` holds (it is asked after every event); false when `limit` has passed.
  bool run_until(const std::function<bool()>& done, Duration limit);
  void run_for(Duration time);

  EventKey next_key(Time at) { return {at, next_number_++}; }
  void note(const Host* host, std::string_view kind, std::uint64_t a = 0, std::uint64_t b = 0);

 private:
  EventQueue* earliest(Host*& of);
  bool step_before(Time end);

  std::uint64_t seed_;
  Time now_{};
  std::uint64_t next_number_ = 1;
  Trace trace_;
  EventQueue queue_;
  Network network_;
  std::vector<std::unique_ptr<Host>> hosts_;
};

}  // namespace shoal::sim
