// BalancerRig: member 1 of a group, with its balancer, asked once a second. A test says what its sessions do.
#pragma once

#include <string>
#include <vector>

#include "cluster/load/session_balancer.h"
#include "test/unit/load/group.h"

namespace shoal::load {

inline NexusId nexus(std::uint8_t number) {
  NexusId id;
  id.bytes[0] = number;
  return id;
}

struct BalancerRig {
  Group group = Group::of({900, 100, 100});
  std::vector<OwnSession> sessions;
  std::vector<BalancerEvent> events;
  SessionBalancer balancer{MemberId{1}, {}};
  double now = 0;

  // `units` of each session, whose pages are spread evenly over three members.
  explicit BalancerRig(std::vector<double> units = {300, 300, 300}, BalancerRules rules = {})
      : balancer(MemberId{1}, rules) {
    for (double its : units) add(its);
  }
  OwnSession& add(double units) {
    const auto number = static_cast<std::uint8_t>(sessions.size() + 1);
    OwnSession session;
    session.nexus = nexus(number);
    session.load.session = {MemberId{1}, number};
    session.load.initiator_name = "host" + std::to_string(number);
    session.load.rate.requests = units;
    session.load.owners = {{MemberId{1}, 1.0 / 3}, {MemberId{2}, 1.0 / 3}, {MemberId{3}, 1.0 / 3}};
    sessions.push_back(session);
    return sessions.back();
  }
  BalancerRig& works(std::initializer_list<double> works) {
    group = Group::of(works);
    for (auto& [id, member] : group.load.members) member.forwarded = member.work * 2 / 3;
    return *this;
  }

  // Every session asks for so many units.
  BalancerRig& each(double units) {
    for (OwnSession& session : sessions) session.load.rate.requests = units;
    return *this;
  }

  Verdict ask() {
    group.reported(now);
    const Verdict verdict = balancer.decide({at(now), group.load, sessions, events});
    events.clear();
    now += 1;
    return verdict;
  }
  // Asks once a second for so many seconds; the last answer.
  Verdict after(int seconds) {
    Verdict verdict = ask();
    for (int i = 0; i < seconds; ++i) verdict = ask();
    return verdict;
  }
  void happens(BalancerEvent event) { events.push_back(std::move(event)); }

  void refuse(const Verdict& verdict) { happens(MoveFailed{std::get<Move>(verdict.what).nexus, true}); }
  // What it decided is done: the session is there.
  void carry_out(const Move& move) {
    happens(MoveBegan{move.nexus, MemberId{1}, move.to});
    happens(MoveEnded{move.nexus});
    std::erase_if(sessions, [&](const OwnSession& session) { return session.nexus == move.nexus; });
  }
};

inline const Move* moved(const Verdict& verdict) { return std::get_if<Move>(&verdict.what); }
inline std::string held(const Verdict& verdict) {
  const Hold* hold = std::get_if<Hold>(&verdict.what);
  return hold ? std::string(to_string(hold->reason)) : "moves";
}

}  // namespace shoal::load
