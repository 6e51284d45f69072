#include "test/sim/group/reservation_faults.h"

#include <utility>

namespace shoal::sim {
namespace {

constexpr int kInitiators = 4;
constexpr unsigned kFaults = 6;                       // one after the other
constexpr std::uint64_t kCalm = 30, kMeanwhile = 15;  // operations
constexpr Duration kSettled = 15s;                    // links, liveness, keeper and views are what they are going to be

}  // namespace

ReservationFaults::ReservationFaults(SimGroup& group, model::Journal& journal)
    : group_(group),
      world_(group.world()),
      random_(world_.random_for("reservations")),
      journal_(journal),
      sessions_(group, kInitiators),
      run_(sessions_, kInitiators, random_.next(), journal_),
      known_term_(record().term) {}

void ReservationFaults::run() {
  for (unsigned i = 0; i < kFaults; ++i) {
    run_.go_on(kCalm);
    run_.release_units();  // whether RESERVE outlasts its session depends on who is told of that session's end
    one_fault();
    ++count_;
  }
  run_.run(kCalm);
}

void ReservationFaults::one_fault() {
  static constexpr std::pair<Fault, const char*> kAll[] = {
      {&ReservationFaults::lose_sessions, "sessions are lost"},
      {&ReservationFaults::kill_keeper, "the keeper is killed"},
      {&ReservationFaults::kill_keeper_in_a_change, "the keeper is killed in the middle of a change"},
      {&ReservationFaults::pause_keeper, "the keeper stands still"},
      {&ReservationFaults::cut_keeper_off, "the keeper is cut off"},
      {&ReservationFaults::kill_other, "another member is killed"},
      {&ReservationFaults::pause_other, "another member stands still"},
      {&ReservationFaults::cut_other_off, "another member is cut off"}};
  const auto& [fault, name] = kAll[random_.below(std::size(kAll))];
  journal_.note(name);
  (this->*fault)();
}

// ---- what goes wrong

void ReservationFaults::lose_sessions() {
  for (model::Who who = 1; who <= kInitiators; ++who) {
    if (random_.below(2) == 0)
      world_.network().reset_connections(sessions_.host_of(who), group_.member(sessions_.member_of(who)));
  }
  recover();
}

void ReservationFaults::kill_keeper() {
  const std::size_t member = keeper();
  group_.kill_member(member);
  world_.run_for(between(100ms, 8s));
  group_.start_member(member);
  recover();
}

void ReservationFaults::kill_keeper_in_a_change() {
  const std::size_t member = keeper();
  sessions_.interrupt([this, member] { group_.kill_member(member); });
  run_.change_unjudged();
  group_.start_member(member);
  recover();
  run_.find_agreement();
}

void ReservationFaults::pause_keeper() {
  Host& member = group_.member(keeper());
  member.pause();
  world_.run_for(between(3s, 10s));
  member.resume();
  recover();
}

void ReservationFaults::cut_keeper_off() {
  cut_off(keeper(), random_.below(2) == 0);
  world_.run_for(between(3s, 20s));
  recover();
}

void ReservationFaults::kill_other() {
  const std::size_t member = other();
  group_.kill_member(member);
  without(member);
  group_.start_member(member);
  recover();
}

void ReservationFaults::pause_other() {
  const std::size_t member = other();
  group_.member(member).pause();
  without(member);
  world_.run_for(3s);
  group_.member(member).resume();
  recover();
}

void ReservationFaults::cut_other_off() {
  const std::size_t member = other();
  cut_off(member, random_.below(2) == 0);
  without(member);
  for (model::Who who = 1; who <= kInitiators; ++who) {
    if (sessions_.member_of(who) == member) run_.miss_changes(who);
  }
  recover();
}

// ---- and how it goes on

void ReservationFaults::without(std::size_t member) {
  sessions_.avoid(member);
  run_.lose_session(1);  // so that at least one is elsewhere
  for (model::Who who = 1; who <= kInitiators; ++who) {
    if (sessions_.member_of(who) == member) run_.leave_idle(who);
  }
  run_.miss_blocks(true);
  run_.go_on(kMeanwhile);
  run_.miss_blocks(false);
}

void ReservationFaults::recover() {
  world_.network().heal_all();
  world_.run_for(kSettled);
  sessions_.avoid_nobody();
  const std::uint32_t before = std::exchange(known_term_, record().term);
  if (known_term_ != before) run_.lose_everything();
  for (model::Who who = 1; who <= kInitiators; ++who) {
    run_.come_back(who);
    if (sessions_.lost(who)) run_.lose_session(who);
  }
}

// ---- who is who

cluster::KeeperRecord ReservationFaults::record() const {
  return *cluster::decode_keeper(group_.etcd().contents(std::string(cluster::kKeeperKey)).at(0).value);
}

std::size_t ReservationFaults::keeper() const { return record().member.value - 1; }

std::size_t ReservationFaults::other() { return (keeper() + 1 + random_.below(2)) % group_.members(); }

void ReservationFaults::cut_off(std::size_t member, bool from_metadata) {
  for (std::size_t i = 0; i < group_.members(); ++i) {
    if (i != member) world_.network().partition(group_.member(member), group_.member(i));
  }
  if (from_metadata) world_.network().partition(group_.member(member), group_.etcd_host());
}

Duration ReservationFaults::between(Duration least, Duration most) {
  return least + Duration(static_cast<Duration::rep>(random_.below((most - least).count() + 1)));
}

}  // namespace shoal::sim
