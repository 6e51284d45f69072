// ScaleGroup: members that decide about load by the very rules of cluster/load, and hosts that are only figures: how
// much each asks for at a time, whose pages it touches. Reports between members take their time and get lost. One
// thread, virtual time in ticks, everything from one seed.
//
// Hosts are a closed loop: a member that is asked for more than its capacity answers each of its sessions by as much
// less, and lets them wait for as long as what they have outstanding takes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/load/load_table.h"
#include "cluster/load/measure.h"
#include "cluster/load/move_places.h"
#include "cluster/load/placement.h"
#include "cluster/load/session_balancer.h"
#include "target/base/random.h"

namespace shoal::scale {

inline constexpr Duration kTick = 100ms;
inline constexpr int kTicksPerPeriod = load::kLoadPeriod / kTick;
inline constexpr double kBaseLatencyS = 0.002;
inline constexpr double kOutstanding = 32;  // requests of a host

struct Settings {
  std::uint64_t seed = 1;
  int members = 3;
  int sessions = 30;
  double capacity = 1e9;              // units per second of a member of weight 1
  std::map<int, double> weights;      // by index of the member; others weigh 1
  std::map<int, double> capacities;   // by index of the member; others have capacity x weight
  int delay_low = 1, delay_high = 3;  // of a report, in ticks
  double loss = 0;                    // of reports
  load::BalancerRules rules;
  load::PlacementPolicy placement = load::PlacementPolicy::least_loaded;
};

// Units per second that a session asks for at a time.
using Demand = std::function<double(int session, double seconds, Random& random)>;
// Fraction of a session's units per member, by index.
using Owners = std::function<std::map<int, double>(int session)>;

struct MoveMade {
  double at = 0;
  int session = 0, from = 0, to = 0;
  load::MoveReason reason = load::MoveReason::over_utilised;
};

struct Sample {
  double at = 0;
  std::vector<double> loads;  // units asked for over weight, of each member; negative: dead or draining
  std::vector<int> sessions;  // of each member
  double carried = 0;         // units per second that hosts got
  double forwarded = 0;       // fraction
};

class ScaleGroup {
 public:
  ScaleGroup(Settings settings, Demand demand);
  ScaleGroup(const ScaleGroup&) = delete;

  void set_owners(const Owners& owners);
  void put(int session, int member);  // is served there, since ever
  void log_in(int session);           // at the portal of any member
  void at(double seconds, std::function<void()> event);
  void kill(int member);
  void start(int member);
  void drain(int member);
  void record(std::function<void(const std::string& line)> recorder) { recorder_ = std::move(recorder); }  // a trace
  void run(double seconds);

  Random& random() { return random_; }
  double now() const { return tick_ * std::chrono::duration<double>(kTick).count(); }
  const std::vector<Sample>& samples() const { return samples_; }
  const std::vector<MoveMade>& moves() const { return moves_; }
  const Settings& settings() const { return settings_; }
  int refusals() const { return refusals_; }
  std::uint64_t reports_sent() const { return reports_sent_; }
  double exchange_bytes_per_second() const;  // of all members together, with what a report of these sessions takes

 private:
  struct Session {
    NexusId nexus;
    int member = -1;  // -1: on its way
    std::uint64_t number = 0;
    double demand = 0, served = 0;
    load::SessionLoad load;
    std::optional<Time> moved_here;
  };
  struct Member {
    MemberId id;
    double weight = 1, capacity = 1;
    bool alive = true, draining = false;
    std::uint64_t incarnation = 1, sequence = 0, next_number = 1;
    std::vector<int> sessions;
    load::Rate local, forwarded;
    double latency_s = kBaseLatencyS, busy = 0;
    load::LoadTable table;
    load::GroupLoad group;
    std::unique_ptr<load::SessionBalancer> balancer;
    std::unique_ptr<load::MovePlaces> places;
    std::unique_ptr<load::Placement> placement;
    std::vector<load::BalancerEvent> events;
  };

  Time time() const { return Time{} + tick_ * kTick; }
  void later(int ticks, std::function<void()> event) { events_[tick_ + ticks].push_back(std::move(event)); }
  int ticks_between(int low, int high) { return low + static_cast<int>(random_.below(std::uint64_t(high - low + 1))); }
  void boot(Member& member);
  void tick();
  void serve(Member& member);
  void period(int index);
  void report(int index);
  void decide(int index);
  void ask(int source, const load::Move& move);
  void let_go(int source, const load::Move& move, int session);
  void arrive(int session, int source, int destination);
  void attach(int session, int member);
  void detach(int session);
  int find(int member, const NexusId& nexus) const;
  double own_cost(const Member& member) const;
  void sample();

  Settings settings_;
  Demand demand_;
  SeededRandom random_;
  std::vector<Member> members_;
  std::vector<Session> sessions_;
  std::map<long, std::vector<std::function<void()>>> events_;
  long tick_ = 0;
  std::vector<Sample> samples_;
  std::vector<MoveMade> moves_;
  int refusals_ = 0;
  std::uint64_t reports_sent_ = 0;
  std::function<void(const std::string& line)> recorder_;
};

}  // namespace shoal::scale
