// FaultPlan: what goes wrong in one run, drawn from the seed: members killed, stopped and restarted, paused and
// drained; paths cut one way and both; connections reset; metadata out of reach or untrustworthy; sessions dropped and
// moved; slow disks. Each fault ends by itself; heal() ends all that are left.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "test/sim/group/sim_group.h"

namespace shoal::sim {

class FaultPlan {
 public:
  explicit FaultPlan(SimGroup& group);

  // Faults begin one after another, at random distances, until `until` from now.
  void run(Duration until);
  void heal();
  std::uint64_t count() const { return count_; }

 private:
  using Fault = void (FaultPlan::*)();

  void next(Time end);
  // A store in memory does not outlive its process: its pages would stay lost, rightly, and nobody would ever verify
  // them.
  bool may_kill() const { return group_.shape().durability != "memory"; }
  void kill();
  void stop_and_restart();
  void pause_member();
  void pause_initiator();
  void cut_members();
  void cut_initiator();
  void cut_etcd();
  void besiege();
  void reset();
  void etcd_outage();
  void etcd_unreliable();
  void drop_session();
  void move_session();
  void order_session(const std::string& order, const std::string& body);
  void slow_disk();

  std::size_t any_member();  // often one where a host is logged in
  Host& any_initiator() { return group_.initiator(random_.below(group_.initiators())); }
  Duration between(Duration least, Duration most);
  void cut(Host& a, Host& b);
  void later(Duration delay, std::function<void()> end);
  void restart(std::size_t index, std::uint64_t process);

  SimGroup& group_;
  World& world_;
  SeededRandom random_;
  std::uint64_t count_ = 0;
  bool over_ = false;
  std::set<std::pair<std::size_t, std::uint64_t>> stopping_;  // members and the processes that were told to stop
};

}  // namespace shoal::sim
