// SimEtcd: a model of an etcd as design allows it to behave. Its register is linearizable; everything around it is not
// to be trusted: answers are slow or lost after the change was made, requests are lost or arrive after the asker has
// given up, lists are stale, watch events late, repeated or lost, leases end late, and all of it can be out of reach.
//
// It stands on a host of the World, so that a partition between a member and that host cuts the member off.
// SimMetaStore is one process' client of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/meta_store.h"
#include "test/sim/world.h"

namespace shoal::sim {

struct EtcdConditions {
  Duration latency = 500us;  // each way
  Duration jitter = 2ms;     // added, evenly distributed
  Duration timeout = 2s;     // after which a client gives up
  Duration latest = 3s;      // how late a late request arrives
  // One in so many (0: none):
  unsigned lost_requests = 0;     // never applied
  unsigned lost_answers = 0;      // applied, and nobody is told
  unsigned late_requests = 0;     // applied later, perhaps after the client gave up
  unsigned stale_lists = 0;       // a list shows the state of some revisions ago
  unsigned lost_events = 0;       // of a watch; it is told that there was a gap, some time later
  unsigned repeated_events = 0;   // come again, later
  std::uint64_t most_stale = 20;  // revisions
};

// The versioned map itself. Pure.
class EtcdRegister {
 public:
  cluster::CasResult apply(const std::vector<cluster::Expect>& expect, const std::vector<cluster::Write>& writes);
  cluster::Listing list(const std::string& prefix, const std::string& after, std::size_t limit,
                        std::uint64_t at_revision) const;
  std::uint64_t revision() const { return revision_; }

 private:
  struct Version {
    std::uint64_t revision;
    std::optional<std::string> value;
  };
  std::uint64_t current(const std::string& key) const;  // revision of a key that exists, else 0

  std::map<std::string, std::vector<Version>> keys_;
  std::uint64_t revision_ = 0;
};

class SimEtcd {
 public:
  SimEtcd(World& world, Host& host);

  EtcdConditions& conditions() { return conditions_; }
  void set_available(bool available);
  // What is really there now, for tests.
  std::vector<cluster::Entry> contents(const std::string& prefix = {}) const;
  std::uint64_t revision() const { return register_.revision(); }

  // For SimMetaStore.
  using OnChange = std::function<void(std::optional<cluster::Change>)>;
  enum class Fate { arrives, lost, answer_lost, late };
  Fate draw_fate();
  bool reaches(const Host& from) const;
  bool answers(const Host& to) const;
  Duration draw_latency();
  Duration draw_delay() { return up_to(conditions_.latest); }  // of a late request
  cluster::CasResult cas(const std::vector<cluster::Expect>& expect, const std::vector<cluster::Write>& writes);
  cluster::Listing list(const std::string& prefix, const std::string& after, std::size_t limit);
  World& world() { return world_; }
  std::shared_ptr<void> watch(Host& host, std::string prefix, OnChange on_change);  // until it is destroyed
  std::shared_ptr<void> announce(Host& host, std::string key, std::string value, Duration ttl);

 private:
  struct Watcher;
  struct Lease;

  bool one_in(unsigned chance) { return chance != 0 && random_.below(chance) == 0; }
  void notify(const std::vector<cluster::Write>& writes, std::uint64_t revision);
  void deliver(const std::shared_ptr<Watcher>& watcher, const cluster::Change& change, Duration delay);
  void tell_of_gap(const std::shared_ptr<Watcher>& watcher);
  void keep_alive(const std::weak_ptr<Lease>& held, std::string key, Time expires, Duration ttl);
  bool alive(const Lease& lease) const;
  Duration up_to(Duration most) { return Duration(static_cast<Duration::rep>(random_.below(most.count() + 1))); }

  World& world_;
  Host& host_;
  SeededRandom random_;
  EtcdConditions conditions_;
  bool available_ = true;
  EtcdRegister register_;
  std::vector<std::weak_ptr<Watcher>> watchers_;  // in the order of their making
};

}  // namespace shoal::sim
