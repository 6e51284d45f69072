#include "test/sim/group/fault_plan.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace shoal::sim {

FaultPlan::FaultPlan(SimGroup& group)
    : group_(group), world_(group.world()), random_(group.world().random_for("faults")) {}

Duration FaultPlan::between(Duration least, Duration most) {
  return least + Duration(static_cast<Duration::rep>(random_.below((most - least).count() + 1)));
}

std::size_t FaultPlan::any_member() {
  const auto serving = group_.disk(random_.below(group_.initiators())).logged_in_at();
  const bool prefer_serving = serving && random_.below(2) == 0;
  for (std::size_t i = 0; prefer_serving && i < group_.members(); ++i) {
    if (group_.member(i).has(serving->host)) return i;
  }
  return random_.below(group_.members());
}

void FaultPlan::later(Duration delay, std::function<void()> end) {
  world_.after(delay, [this, end = std::move(end)] {
    if (!over_) end();
  });
}

void FaultPlan::run(Duration until) { next(world_.now() + until); }

void FaultPlan::next(Time end) {
  static constexpr Fault kFaults[] = {&FaultPlan::kill,          &FaultPlan::kill,         &FaultPlan::stop_and_restart,
                                      &FaultPlan::pause_member,  &FaultPlan::pause_member, &FaultPlan::pause_initiator,
                                      &FaultPlan::cut_members,   &FaultPlan::cut_members,  &FaultPlan::cut_initiator,
                                      &FaultPlan::cut_initiator, &FaultPlan::cut_etcd,     &FaultPlan::reset,
                                      &FaultPlan::reset,         &FaultPlan::etcd_outage,  &FaultPlan::etcd_unreliable,
                                      &FaultPlan::drop_session,  &FaultPlan::drop_session, &FaultPlan::slow_disk,
                                      &FaultPlan::move_session,  &FaultPlan::move_session, &FaultPlan::besiege};
  later(between(50ms, 1500ms), [this, end] {
    if (world_.now() >= end) return;
    ++count_;
    (this->*kFaults[random_.below(std::size(kFaults))])();
    next(end);
  });
}

void FaultPlan::heal() {
  over_ = true;
  world_.network().heal_all();
  group_.etcd().set_available(true);
  group_.etcd().conditions() = {};
  for (std::size_t i = 0; i < group_.initiators(); ++i) {
    if (group_.initiator(i).paused()) group_.initiator(i).resume();
  }
  for (std::size_t i = 0; i < group_.members(); ++i) {
    group_.member(i).disk().set_latency(20us, 200us);
    if (group_.member(i).paused()) group_.member(i).resume();
    if (!group_.member(i).running()) group_.start_member(i);
  }
  for (const auto& [index, process] : stopping_) restart(index, process);
}

// ---- members

// Where that process still runs, or nothing does.
void FaultPlan::restart(std::size_t index, std::uint64_t process) {
  Host& member = group_.member(index);
  if (member.running() && member.process() == process) group_.kill_member(index);
  if (!member.running()) group_.start_member(index);
}

void FaultPlan::kill() {
  const std::size_t index = any_member();
  Host& member = group_.member(index);
  if (!member.running() || !may_kill()) return;
  group_.kill_member(index);
  later(between(100ms, 6s), [this, index, process = member.process()] { restart(index, process); });
}

void FaultPlan::stop_and_restart() {
  const std::size_t index = any_member();
  Host& member = group_.member(index);
  if (!group_.node(index) || !may_kill()) return;
  stopping_.emplace(index, member.process());
  member.post([this, index] { group_.node(index)->stop(4s, [] {}); });
  later(between(1s, 6s), [this, index, process = member.process()] { restart(index, process); });
}

void FaultPlan::pause_member() {
  Host& member = group_.member(any_member());
  if (!member.running() || member.paused()) return;
  member.pause();
  later(between(100ms, 6s), [&member, process = member.process()] {
    if (member.process() == process) member.resume();
  });
}

void FaultPlan::slow_disk() {
  Disk& disk = group_.member(any_member()).disk();
  disk.set_latency(1ms, 300ms);
  later(between(500ms, 4s), [&disk] { disk.set_latency(20us, 200us); });
}

// ---- hosts

void FaultPlan::pause_initiator() {
  Host& host = any_initiator();
  if (host.paused()) return;
  host.pause();
  later(between(100ms, 6s), [&host] { host.resume(); });
}

void FaultPlan::drop_session() { order_session("drop", ""); }

void FaultPlan::move_session() {
  static constexpr const char* kWays[] = {"close", "logout", "polite"};
  const nlohmann::json order = {{"to", random_.below(group_.members() + 1)}, {"how", kWays[random_.below(3)]}};
  order_session("move", order.dump());
}

void FaultPlan::order_session(const std::string& order, const std::string& body) {
  const std::size_t index = any_member();
  Node* node = group_.node(index);
  if (!node) return;
  const auto choose = [this, index, order, body, process = group_.member(index).process()](ControlResponse answer) {
    if (group_.member(index).process() != process || answer.status != 200) return;
    const auto listed = nlohmann::json::parse(answer.body);
    const auto& sessions = listed.is_array() ? listed : listed.at("sessions");
    if (sessions.empty()) return;
    const auto id = sessions.at(random_.below(sessions.size())).at("id").get<std::string>();
    group_.node(index)->handle({"POST", "/sessions/" + id + "/" + order, body}, [](ControlResponse) {});
  };
  group_.member(index).post([node, choose] { node->handle({"GET", "/sessions", ""}, choose); });
}

// ---- paths

void FaultPlan::cut(Host& a, Host& b) {
  Network& network = world_.network();
  const auto way = random_.below(4);
  if (way == 0) network.cut(a, b);
  if (way == 1) network.cut(b, a);
  if (way >= 2) network.partition(a, b);
  later(between(100ms, 6s), [&network, &a, &b] { network.heal(a, b); });
}

void FaultPlan::cut_members() {
  const std::size_t a = any_member();
  cut(group_.member(a), group_.member((a + 1) % group_.members()));
}

void FaultPlan::cut_initiator() {
  Host& host = any_initiator();
  cut(host, group_.member(any_member()));
}

void FaultPlan::cut_etcd() { cut(group_.member(any_member()), group_.etcd_host()); }

// The recipe of a ghost write: a host loses the member that serves it, which can still reach one owner, but that one
// stands still; the host comes back through the third member, which can not tell the first. When the owner wakes, both
// ask it.
void FaultPlan::besiege() {
  Host& host = any_initiator();
  const std::size_t serving = any_member();
  Host& third = group_.member((serving + 1) % group_.members());
  Host& owner = group_.member((serving + 2) % group_.members());
  if (!owner.running() || owner.paused()) return;
  Network& network = world_.network();
  Host& first = group_.member(serving);
  network.reset_connections(host, first);
  network.partition(host, first);
  network.partition(first, third);
  owner.pause();
  later(between(4s, 8s), [&owner, process = owner.process()] {
    if (owner.process() == process) owner.resume();
  });
  later(between(8s, 12s), [&network, &host, &first, &third] {
    network.heal(host, first);
    network.heal(first, third);
  });
}

void FaultPlan::reset() {
  Host& member = group_.member(any_member());
  Host& other = random_.below(2) == 0 ? any_initiator() : group_.member(any_member());
  if (&member != &other) world_.network().reset_connections(member, other);
}

// ---- metadata

void FaultPlan::etcd_outage() {
  group_.etcd().set_available(false);
  later(between(500ms, 6s), [this] { group_.etcd().set_available(true); });
}

void FaultPlan::etcd_unreliable() {
  EtcdConditions bad;
  bad.lost_requests = bad.lost_answers = bad.late_requests = 6;
  bad.stale_lists = 3;
  bad.lost_events = bad.repeated_events = 4;
  bad.jitter = 50ms;
  group_.etcd().conditions() = bad;
  later(between(1s, 6s), [this] { group_.etcd().conditions() = {}; });
}

}  // namespace shoal::sim
