#include "test/scale/scale_group.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cluster/load/load_report_codec.h"
#include "cluster/load/trace.h"

namespace shoal::scale {
namespace {

MemberId id_of(int index) { return MemberId{static_cast<std::uint32_t>(index + 1)}; }
int index_of(MemberId id) { return static_cast<int>(id.value) - 1; }

double value_or(const std::map<int, double>& values, int key, double otherwise) {
  const auto found = values.find(key);
  return found == values.end() ? otherwise : found->second;
}

// As DecayingRate: what a period of one second makes of a rate.
double decayed(double rate, double units) {
  static const double kept =
      std::exp2(-std::chrono::duration<double>(load::kLoadPeriod) / std::chrono::duration<double>(load::kLoadHalfLife));
  return rate * kept + units * (1 - kept);
}

}  // namespace

ScaleGroup::ScaleGroup(Settings settings, Demand demand)
    : settings_(std::move(settings)), demand_(std::move(demand)), random_(settings_.seed) {
  members_.resize(static_cast<std::size_t>(settings_.members));
  for (int i = 0; i < settings_.members; ++i) {
    Member& member = members_[i];
    member.id = id_of(i);
    member.weight = value_or(settings_.weights, i, 1);
    member.capacity = value_or(settings_.capacities, i, settings_.capacity * member.weight);
    boot(member);
  }
  sessions_.resize(static_cast<std::size_t>(settings_.sessions));
  for (int i = 0; i < settings_.sessions; ++i) {
    Session& session = sessions_[i];
    for (int byte = 0; byte < 4; ++byte)
      session.nexus.bytes[byte] = static_cast<std::uint8_t>((i + 1) >> (24 - 8 * byte));
    session.load.image = ImageId{1};
    session.load.initiator_name = "iqn.2004-10.org.example:host" + std::to_string(i);
  }
}

void ScaleGroup::boot(Member& member) {
  std::vector<MemberId> ids;
  for (int i = 0; i < settings_.members; ++i) ids.push_back(id_of(i));
  member.table = {};
  member.table.set_members(ids);
  member.group = {};
  member.sequence = 0;
  member.local = member.forwarded = {};
  member.events.clear();
  member.balancer = std::make_unique<load::SessionBalancer>(member.id, settings_.rules);
  member.places = std::make_unique<load::MovePlaces>(member.id);
  member.placement = std::make_unique<load::Placement>(member.id, load::PlacementRules{settings_.placement, {}});
}

void ScaleGroup::set_owners(const Owners& owners) {
  for (int i = 0; i < settings_.sessions; ++i) {
    sessions_[i].load.owners.clear();
    for (const auto& [member, fraction] : owners(i)) sessions_[i].load.owners[id_of(member)] = fraction;
  }
}

void ScaleGroup::put(int session, int member) {
  attach(session, member);
  const double demand = demand_(session, 0, random_);
  sessions_[session].demand = sessions_[session].served = demand;
  sessions_[session].load.rate.requests = demand;
  const double owned = load::owned_at(sessions_[session].load, members_[member].id);
  members_[member].local.requests += demand * owned;
  members_[member].forwarded.requests += demand * (1 - owned);
}

void ScaleGroup::attach(int session, int member) {
  Session& it = sessions_[session];
  Member& there = members_[member];
  it.member = member;
  it.load.session = {there.id, there.next_number++};
  it.load.rate = {};
  there.sessions.push_back(session);
}

void ScaleGroup::detach(int session) {
  Session& it = sessions_[session];
  if (it.member >= 0) std::erase(members_[it.member].sessions, session);
  it.member = -1;
  it.served = 0;
}

void ScaleGroup::log_in(int session) {
  std::vector<int> alive;
  for (int i = 0; i < settings_.members; ++i) {
    if (members_[i].alive) alive.push_back(i);
  }
  Member& portal = members_[alive[random_.below(alive.size())]];
  std::vector<load::PlacementCandidate> candidates;
  for (const Member& member : members_) candidates.push_back({member.id, member.alive && !member.draining});
  load::PlacementQuestion question{{sessions_[session].load.initiator_name, 1, ImageId{1}}, {}, {}, {}};
  question.owners = sessions_[session].load.owners;
  const int chosen = index_of(portal.placement->place(time(), question, candidates, portal.group).member);
  later(ticks_between(1, 2), [this, session, chosen] {
    if (!members_[chosen].alive) return log_in(session);
    sessions_[session].moved_here.reset();
    attach(session, chosen);
  });
}

void ScaleGroup::at(double seconds, std::function<void()> event) {
  events_[std::lround(seconds / std::chrono::duration<double>(kTick).count())].push_back(std::move(event));
}

void ScaleGroup::kill(int member) {
  Member& dead = members_[member];
  dead.alive = false;
  const std::vector<int> sessions = dead.sessions;
  for (int session : sessions) {
    detach(session);
    later(ticks_between(10, 30), [this, session] { log_in(session); });
  }
}

void ScaleGroup::start(int member) {
  Member& started = members_[member];
  started.alive = true;
  started.draining = false;
  ++started.incarnation;
  boot(started);
}

void ScaleGroup::drain(int member) { members_[member].draining = true; }

void ScaleGroup::run(double seconds) {
  const long last = std::lround(seconds / std::chrono::duration<double>(kTick).count());
  for (; tick_ < last; ++tick_) tick();
}

void ScaleGroup::tick() {
  if (const auto due = events_.find(tick_); due != events_.end()) {
    for (std::size_t i = 0; i < due->second.size(); ++i) due->second[i]();
    events_.erase(due);
  }
  // Members have their periods at times of their own.
  for (int i = 0; i < settings_.members; ++i) {
    if (members_[i].alive && (tick_ + i * 7) % kTicksPerPeriod == 0) period(i);
  }
  if (tick_ % kTicksPerPeriod == 0) sample();
}

void ScaleGroup::period(int index) {
  serve(members_[index]);
  report(index);
  decide(index);
}

// What the hosts of a member ask for, and get.
void ScaleGroup::serve(Member& member) {
  double cost = 0, outstanding = 0;
  for (int index : member.sessions) {
    Session& session = sessions_[index];
    session.demand = demand_(index, now(), random_);
    cost += session.demand * (1 + load::kForwardingCost * (1 - load::owned_at(session.load, member.id)));
    outstanding += session.demand > 0 ? kOutstanding : 0;
  }
  const double fraction = cost > member.capacity ? member.capacity / cost : 1;
  member.busy = std::min(1.0, cost / member.capacity);
  member.latency_s = fraction < 1 ? std::max(kBaseLatencyS, outstanding / member.capacity) : kBaseLatencyS;
  double local = 0, forwarded = 0;
  for (int index : member.sessions) {
    Session& session = sessions_[index];
    session.served = session.demand * fraction;
    session.load.rate.requests = decayed(session.load.rate.requests, session.served);
    const double owned = load::owned_at(session.load, member.id);
    local += session.served * owned;
    forwarded += session.served * (1 - owned);
  }
  member.local.requests = decayed(member.local.requests, local);
  member.forwarded.requests = decayed(member.forwarded.requests, forwarded);
}

void ScaleGroup::report(int index) {
  Member& member = members_[index];
  load::LoadReport report;
  report.member = member.id;
  report.incarnation = member.incarnation;
  report.sequence = ++member.sequence;
  report.weight = member.weight;
  report.draining = member.draining;
  report.local = member.local;
  report.forwarded = member.forwarded;
  report.latency_s = member.latency_s;
  report.server.cpu = member.busy;
  report.server.sessions = static_cast<std::uint32_t>(member.sessions.size());
  const auto shared = std::make_shared<const load::LoadReport>(report);
  for (int other = 0; other < settings_.members; ++other) {
    if (other == index || !members_[other].alive) continue;
    ++reports_sent_;
    if (static_cast<double>(random_.below(1000)) < settings_.loss * 1000) continue;
    later(ticks_between(settings_.delay_low, settings_.delay_high), [this, other, shared] {
      if (members_[other].alive) members_[other].table.take(*shared, time());
    });
  }
  member.table.take(std::move(report), time());
  member.group = load::measure(member.table, time());
}

void ScaleGroup::decide(int index) {
  Member& member = members_[index];
  std::vector<load::OwnSession> sessions;
  sessions.reserve(member.sessions.size());
  for (int own : member.sessions) {
    const Session& session = sessions_[own];
    sessions.push_back({session.load, session.nexus, {}, session.moved_here});
  }
  if (recorder_) recorder_(load::encode(load::TraceStep{member.group, sessions}));
  const std::vector<load::BalancerEvent> events = std::exchange(member.events, {});
  const load::Verdict verdict = member.balancer->decide({time(), member.group, sessions, events});
  if (const auto* move = std::get_if<load::Move>(&verdict.what)) ask(index, *move);
}

double ScaleGroup::own_cost(const Member& member) const {
  double cost = 0;
  for (int own : member.sessions) {
    cost += load::cost_at(sessions_[own].load, member.id);
  }
  return cost;
}

int ScaleGroup::find(int member, const NexusId& nexus) const {
  for (int own : members_[member].sessions) {
    if (sessions_[own].nexus == nexus) return own;
  }
  return -1;
}

// The destination hears of it a tick later, the source of the answer one more.
void ScaleGroup::ask(int source, const load::Move& move) {
  const Member& here = members_[source];
  const load::PlaceRequest request{move.nexus, here.id, move.reason, move.cost_there, own_cost(here) / here.weight};
  later(1, [this, source, move, request] {
    Member& destination = members_[index_of(move.to)];
    const bool granted =
        destination.alive && destination.places->ask(time(), request, destination.group, own_cost(destination)) ==
                                 load::PlaceAnswer::granted;
    later(1, [this, source, move, granted] {
      const int session = find(source, move.nexus);
      if (granted && session >= 0) return let_go(source, move, session);
      refusals_ += !granted;
      members_[source].events.push_back(load::MoveFailed{move.nexus, !granted});
    });
  });
}

void ScaleGroup::let_go(int source, const load::Move& move, int session) {
  const load::MoveBegan began{move.nexus, members_[source].id, move.to};
  members_[source].events.push_back(began);
  for (int other = 0; other < settings_.members; ++other) {
    if (other != source && members_[other].alive)
      later(2, [this, other, began] { members_[other].events.push_back(began); });
  }
  moves_.push_back({now(), session, source, index_of(move.to), move.reason});
  detach(session);
  const int destination = index_of(move.to);
  later(ticks_between(3, 8), [this, session, source, destination] { arrive(session, source, destination); });
}

void ScaleGroup::arrive(int session, int source, int destination) {
  members_[source].events.push_back(load::MoveEnded{sessions_[session].nexus});
  if (!members_[destination].alive) return log_in(session);
  members_[destination].places->take(time(), sessions_[session].nexus);
  attach(session, destination);
  sessions_[session].moved_here = time();
}

void ScaleGroup::sample() {
  Sample sample{now(), {}, {}, 0, 0};
  double forwarded = 0, units = 0;
  for (const Member& member : members_) {
    double demand = 0;
    for (int index : member.sessions) {
      const Session& session = sessions_[index];
      demand += session.demand;
      sample.carried += session.served;
      units += session.demand;
      forwarded += session.demand * (1 - load::owned_at(session.load, member.id));
    }
    sample.loads.push_back(member.alive && !member.draining ? demand / member.weight : -1);
    sample.sessions.push_back(static_cast<int>(member.sessions.size()));
  }
  sample.forwarded = units > 0 ? forwarded / units : 0;
  samples_.push_back(std::move(sample));
}

// Every report is sent with the busiest of its member's sessions; here they are left out of what the members read, who
// have no use for them, and counted once at the end.
double ScaleGroup::exchange_bytes_per_second() const {
  double bytes = 0;
  for (const Member& member : members_) {
    load::LoadReport report;
    report.member = member.id;
    for (int own : member.sessions) {
      if (report.sessions.size() < load::kMaxReportedSessions) report.sessions.push_back(sessions_[own].load);
    }
    for (std::size_t i = 0; i < load::kMaxReportedPages; ++i) {
      report.pages.push_back({ImageId{1}, PageIndex{i}, 1, 0, sessions_.front().load.initiator_name});
    }
    if (member.alive) bytes += static_cast<double>(load::encode(report).size());
  }
  return bytes / static_cast<double>(members_.size()) * static_cast<double>(reports_sent_) / now();
}

}  // namespace shoal::scale
