#include "cluster/load/session_balancer.h"

#include <catch2/catch.hpp>

#include "test/unit/load/balancer_rig.h"

using namespace shoal;
using namespace shoal::load;

TEST_CASE("who is disproportionate for five seconds sheds the session whose move helps most") {
  BalancerRig rig({500, 300, 100});
  rig.works({900, 100, 200});
  CHECK(held(rig.after(4)) == "not-for-long");
  const Verdict verdict = rig.ask();
  const Move* move = moved(verdict);
  REQUIRE(move);
  // 500 to member 2 would leave 400 here and 600 there: 300 is nearer to half of the difference.
  CHECK(move->session == SessionName{MemberId{1}, 2});
  CHECK(move->to == MemberId{2});
  CHECK(move->reason == MoveReason::over_utilised);
  CHECK(verdict.formula == "gain: (imbalance before - after) / before");
  REQUIRE(verdict.alternatives.size() == 6);
  CHECK(verdict.alternatives[0].session == move->session);
  CHECK(verdict.alternatives[0].score > verdict.alternatives[1].score);
}

TEST_CASE("a pause of being disproportionate begins the five seconds anew") {
  BalancerRig rig;
  CHECK(held(rig.after(4)) == "not-for-long");
  rig.works({400, 350, 350});
  CHECK(held(rig.ask()) == "balanced");
  rig.works({900, 100, 100});
  CHECK(held(rig.after(4)) == "not-for-long");
  CHECK(held(rig.ask()) == "moves");
}

TEST_CASE("below the threshold nothing is shed; once it has begun it goes on to five percent above the fair share") {
  BalancerRig rig({100, 100, 100, 100, 100, 100});
  rig.works({490, 370, 340});
  CHECK(held(rig.after(20)) == "balanced");
  rig.works({600, 300, 300});
  const Verdict first = rig.after(5);
  REQUIRE(moved(first));
  rig.carry_out(*moved(first));
  rig.works({480, 360, 360});
  CHECK(held(rig.ask()) == "pacing");
  const Verdict second = rig.ask();
  CHECK(held(second) == "moves");
  rig.refuse(second);
  rig.works({415, 392, 393});
  CHECK(held(rig.ask()) == "balanced");
  rig.works({480, 360, 360});
  CHECK(held(rig.after(20)) == "balanced");
}

TEST_CASE("a member that has next to nothing is filled by those who carry more than their share") {
  BalancerRig rig({100, 100, 100, 100});
  rig.works({400, 400, 400, 400, 400});
  CHECK(held(rig.after(10)) == "balanced");
  rig.works({400, 400, 400, 400, 0});
  const Verdict verdict = rig.after(5);
  REQUIRE(moved(verdict));
  CHECK(moved(verdict)->to == MemberId{5});
  SECTION("not when it is draining") {
    BalancerRig other({100, 100, 100, 100});
    other.works({400, 400, 400, 400, 0}).group.draining(5);
    CHECK(held(other.after(10)) == "balanced");
  }
}

TEST_CASE("it does not act when it is off, knows nothing of itself, or hears of nobody else") {
  BalancerRig off({300, 300, 300}, {BalancerMode::off});
  CHECK(held(off.after(10)) == "off");
  BalancerRig unknown;
  unknown.group.load.members.erase(MemberId{1});
  CHECK(held(unknown.after(10)) == "alone");
  BalancerRig alone;
  alone.group.silent(2).silent(3);
  CHECK(held(alone.after(10)) == "alone");
}

TEST_CASE("it does not act when the group is idle") {
  BalancerRig rig({30, 30, 30});
  rig.works({90, 5, 4.9});
  CHECK(held(rig.after(10)) == "idle");
  rig.works({90, 5, 5});
  CHECK(held(rig.after(5)) == "moves");
}

TEST_CASE("it does not act when all are under pressure alike") {
  BalancerRig rig;
  rig.works({400, 350, 350}).group.pressure(0.8);
  CHECK(held(rig.after(10)) == "alike");
  rig.works({900, 100, 100}).group.pressure(0.8);
  CHECK(held(rig.after(5)) == "moves");
}

TEST_CASE("it does not act when its work swings") {
  BalancerRig rig;
  for (int i = 0; i < 30; ++i) {
    i % 6 < 3 ? rig.works({3000, 100, 100}).each(1000) : rig.works({300, 10, 10}).each(100);
    const std::string answer = held(rig.ask());
    if (i >= 8) CHECK(answer == "swinging");
  }
  rig.works({900, 100, 100}).each(300);
  CHECK(held(rig.after(4)) == "swinging");
  bool moves = false;
  for (int i = 0; i < 55; ++i) moves |= moved(rig.ask()) != nullptr;
  CHECK(moves);
}

TEST_CASE("what comes and goes within a minute anyhow is not shed, what is beyond that is") {
  BalancerRig rig;
  std::map<std::string, int> answers;
  for (int i = 0; i < 120; ++i) {
    i / 10 % 2 ? rig.works({1300, 850, 850}).each(1300.0 / 3) : rig.works({700, 1150, 1150}).each(700.0 / 3);
    const Verdict verdict = rig.ask();
    ++answers[held(verdict)];
    if (i == 119) CHECK(verdict.reason == "swinging: 300 units too many, where 300 come and go in a minute");
  }
  CHECK(answers["swinging"] >= 20);
  CHECK(answers["moves"] == 0);
  rig.works({2000, 500, 500}).each(2000.0 / 3);
  CHECK(held(rig.ask()) == "moves");
}

TEST_CASE(
    "who has less and less because it sheds does not swing: 24, 3 and 3 sessions become 10 each without a break") {
  BalancerRig rig(std::vector<double>(24, 100.0));
  std::map<std::uint32_t, double> others{{2, 300}, {3, 300}};
  for (int second = 0; second < 60; ++second) {
    rig.works({100.0 * static_cast<double>(rig.sessions.size()), others[2], others[3]});
    const Verdict verdict = rig.ask();
    if (!moved(verdict)) continue;
    others[moved(verdict)->to.value] += 100;
    rig.carry_out(*moved(verdict));
  }
  CHECK(rig.sessions.size() == 10);
  CHECK(others == std::map<std::uint32_t, double>{{2, 1000}, {3, 1000}});
}

TEST_CASE("while a move is under way nothing else is decided, and after it not for two seconds") {
  BalancerRig rig;
  const Verdict verdict = rig.after(5);
  REQUIRE(moved(verdict));
  const double decided = rig.now - 1;
  CHECK(held(rig.ask()) == "moving");
  rig.happens(MoveBegan{moved(verdict)->nexus, MemberId{1}, moved(verdict)->to});
  CHECK(held(rig.ask()) == "moving");
  rig.now = decided + 1.9;
  rig.happens(MoveEnded{moved(verdict)->nexus});
  CHECK(held(rig.ask()) == "pacing");
  rig.now = decided + 2;
  CHECK(held(rig.ask()) == "moves");
}

TEST_CASE("a move that nobody tells the end of is over after twenty seconds, and its session rests") {
  BalancerRig rig({300, 1, 1});
  rig.works({302, 10, 10}).add(300);
  const Verdict verdict = rig.after(5);
  REQUIRE(moved(verdict));
  CHECK(held(rig.after(18)) == "moving");
  const Verdict next = rig.ask();
  REQUIRE(moved(next));
  CHECK(moved(next)->nexus != moved(verdict)->nexus);
}

TEST_CASE("the group moves twenty sessions a minute, whoever moves them") {
  BalancerRig rig;
  CHECK(held(rig.after(4)) == "not-for-long");
  for (std::uint8_t i = 0; i < 20; ++i)
    rig.happens(MoveBegan{nexus(static_cast<std::uint8_t>(100 + i)), MemberId{2}, MemberId{3}});
  CHECK(held(rig.ask()) == "group-limit");
  CHECK(held(rig.after(58)) == "group-limit");
  CHECK(held(rig.ask()) == "moves");
}

TEST_CASE("a large group moves two sessions a minute for each member that is heard of") {
  BalancerRig rig;
  rig.works({900, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10});
  CHECK(held(rig.after(4)) == "not-for-long");
  for (std::uint8_t i = 0; i < 23; ++i)
    rig.happens(MoveBegan{nexus(static_cast<std::uint8_t>(100 + i)), MemberId{2}, MemberId{3}});
  CHECK(held(rig.ask()) == "moves");
  rig.happens(MoveFailed{nexus(1), true});
  rig.group.silent(12);
  CHECK(held(rig.ask()) == "group-limit");
}

TEST_CASE("what has just come is not judged yet, and once it is there its coming was no swinging") {
  BalancerRig rig(std::vector<double>{});
  rig.works({0, 0, 0});
  rig.after(60);
  for (int i = 0; i < 3; ++i) rig.add(0);
  double units = 0;
  for (int second = 0; second < 30; ++second) {
    units += (300 - units) * 0.13;  // as a rate grows
    rig.works({3 * units, 10, 10}).each(units);
    const Verdict verdict = rig.ask();
    CAPTURE(second, verdict.reason);
    if (second >= 10 && second < 15) CHECK(verdict.reason.find("have just come") != std::string::npos);
    if (second >= 15) {
      CHECK(moved(verdict));
      break;
    }
  }
}

TEST_CASE("sessions that may not move stay, each for its reason") {
  BalancerRig rig({300, 300, 300});
  rig.sessions[0].load.may_not_move = "came to the member portal";
  rig.sessions[1].moved_here = at(-10);
  rig.happens(ConnectionLost{nexus(3), at(rig.now)});
  rig.ask();
  rig.happens(ConnectionLost{nexus(3), at(rig.now)});
  const Verdict verdict = rig.after(5);
  CHECK(held(verdict) == "none-may-move");
  std::set<std::string> notes;
  for (const Alternative& alternative : verdict.alternatives) notes.insert(alternative.note);
  CHECK(notes == std::set<std::string>{"came to the member portal", "moved less than 30 s ago",
                                       "lost its connection twice within 60 s"});
  // Thirty seconds after its move the second may go again.
  rig.now = 20;
  CHECK(held(rig.ask()) == "moves");
}

TEST_CASE("two losses within a minute leave a nexus alone for a minute; to come by a move is one of them") {
  BalancerRig rig({300});
  rig.works({300, 10, 10}).add(200);
  rig.sessions[1].load.may_not_move = "pinned";
  rig.sessions[0].moved_here = at(0);
  rig.now = 40;
  rig.happens(ConnectionLost{nexus(1), at(rig.now)});
  CHECK(held(rig.after(10)) == "none-may-move");
  rig.now = 99;
  CHECK(held(rig.ask()) == "none-may-move");
  rig.now = 100;
  CHECK(held(rig.ask()) == "moves");
}

TEST_CASE("losses more than a minute apart do not hold a session") {
  ConnectionLosses losses;
  losses.note(at(0), nexus(1));
  losses.note(at(60), nexus(1));
  CHECK_FALSE(losses.left_alone(at(60), nexus(1)));
  losses.note(at(119), nexus(1));
  CHECK(losses.left_alone(at(178), nexus(1)));
  CHECK_FALSE(losses.left_alone(at(179), nexus(1)));
  CHECK_FALSE(losses.left_alone(at(119), nexus(2)));
}

TEST_CASE("there is nowhere to go when the others drain, are silent, refused, or serve the host's other session") {
  BalancerRig rig({300, 300, 300});
  rig.works({900, 100, 100, 100, 100}).group.draining(2).silent(3);
  for (OwnSession& session : rig.sessions) session.siblings_at = {MemberId{5}};
  const Verdict verdict = rig.after(5);
  REQUIRE(moved(verdict));
  CHECK(moved(verdict)->to == MemberId{4});
  rig.happens(MoveFailed{moved(verdict)->nexus, true});
  const Verdict refused = rig.ask();
  CHECK(held(refused) == "nowhere");
  std::set<std::string> notes;
  for (const Alternative& alternative : refused.alternatives) notes.insert(alternative.note);
  CHECK(notes == std::set<std::string>{"draining", "silent", "refused a moment ago",
                                       "serves another session of this host to this volume"});
  CHECK(held(rig.after(3)) == "nowhere");
  CHECK(held(rig.ask()) == "moves");
}

TEST_CASE("a destination that refuses is left out for five seconds, and another one asked at once") {
  BalancerRig rig({300, 300, 300});
  rig.works({900, 100, 150});
  const Verdict first = rig.after(5);
  REQUIRE(moved(first));
  CHECK(moved(first)->to == MemberId{2});
  rig.happens(MoveFailed{moved(first)->nexus, true});
  const Verdict second = rig.ask();
  REQUIRE(moved(second));
  CHECK(moved(second)->to == MemberId{3});
  CHECK(moved(second)->nexus == moved(first)->nexus);
}

TEST_CASE("a move that gains nothing is not made: a hot session stays where it is alone") {
  BalancerRig rig({900});
  rig.works({900, 0, 0});
  const Verdict verdict = rig.after(10);
  CHECK(held(verdict) == "no-gain");
  CHECK(verdict.alternatives[0].note == "gains too little");
  SECTION("but what is beside it goes") {
    rig.add(100);
    const Verdict other = rig.ask();
    REQUIRE(moved(other));
    CHECK(moved(other)->session.number == 2);
  }
}

TEST_CASE("of equal gains the member with fewer sessions takes it, then the lower session and the lower member") {
  BalancerRig rig({300, 300, 300});
  rig.works({900, 100, 100}).group.sessions({3, 2, 1});
  const Verdict fewer = rig.after(5);
  REQUIRE(moved(fewer));
  CHECK(moved(fewer)->to == MemberId{3});
  CHECK(moved(fewer)->session.number == 1);
  BalancerRig even;
  const Verdict lower = even.after(5);
  REQUIRE(moved(lower));
  CHECK(moved(lower)->to == MemberId{2});
}

TEST_CASE("a member of more weight takes more") {
  BalancerRig rig({300, 300, 300});
  rig.works({900, 200, 300}).group.weighs(3, 3);
  const Verdict verdict = rig.after(5);
  REQUIRE(moved(verdict));
  CHECK(moved(verdict)->to == MemberId{3});
}

TEST_CASE("the member that owns the session's pages is the better place by what need not be forwarded") {
  BalancerRig rig({300, 300, 300});
  rig.works({900, 100, 130});
  rig.sessions[2].load.owners = {{MemberId{3}, 1.0}};
  const Verdict verdict = rig.after(5);
  REQUIRE(moved(verdict));
  CHECK(moved(verdict)->session.number == 3);
  CHECK(moved(verdict)->to == MemberId{3});
  CHECK(moved(verdict)->cost_here == Approx(450));
  CHECK(moved(verdict)->cost_there == Approx(300));
}

TEST_CASE("what was moved counts at its destination before that can report it") {
  BalancerRig rig({100, 100, 100, 100, 100, 100, 100, 100, 100});
  std::map<std::uint32_t, int> taken;
  for (int i = 0; i < 20; ++i) {  // the others report 100 throughout
    const Verdict verdict = rig.ask();
    if (!moved(verdict)) continue;
    ++taken[moved(verdict)->to.value];
    rig.carry_out(*moved(verdict));
  }
  CHECK(taken[2] == 3);
  CHECK(taken[3] == 3);
}

TEST_CASE("in observe it decides by the same rules as if it had acted, and repeats nothing") {
  BalancerRig rig({300, 300, 300}, {BalancerMode::observe});
  const Verdict first = rig.after(5);
  REQUIRE(moved(first));
  CHECK(held(rig.ask()) == "pacing");
  const Verdict second = rig.ask();
  REQUIRE(moved(second));
  CHECK(moved(second)->nexus != moved(first)->nexus);
  CHECK(held(rig.after(1)) == "no-gain");
}

TEST_CASE("two members that decide at once ask for the same place, and each waits for its own answer") {
  BalancerRig one, two;
  const Verdict a = one.after(5), b = two.after(5);
  REQUIRE((moved(a) && moved(b)));
  CHECK(moved(a)->to == moved(b)->to);
  one.carry_out(*moved(a));
  two.happens(MoveFailed{moved(b)->nexus, true});
  two.happens(MoveBegan{nexus(99), MemberId{2}, MemberId{3}});
  CHECK(held(one.ask()) == "pacing");
  const Verdict next = two.ask();
  REQUIRE(moved(next));
  CHECK(moved(next)->to == MemberId{3});
}

TEST_CASE("with affinity a session goes to where most of its pages are, though nobody is over-utilised") {
  BalancerRig rig({300, 300}, {BalancerMode::act, true});
  rig.works({400, 400, 400});
  rig.sessions[1].load.owners = {{MemberId{1}, 0.1}, {MemberId{2}, 0.2}, {MemberId{3}, 0.7}};
  const Verdict verdict = rig.ask();
  REQUIRE(moved(verdict));
  CHECK(moved(verdict)->session.number == 2);
  CHECK(moved(verdict)->to == MemberId{3});
  CHECK(moved(verdict)->reason == MoveReason::affinity);
  SECTION("not without that policy") {
    rig.balancer = SessionBalancer(MemberId{1}, {});
    CHECK(held(rig.ask()) == "balanced");
  }
  SECTION("not when half of its units are local") {
    rig.balancer = SessionBalancer(MemberId{1}, {BalancerMode::act, true});
    rig.sessions[1].load.owners = {{MemberId{1}, 0.5}, {MemberId{3}, 0.5}};
    CHECK(held(rig.ask()) == "balanced");
  }
  SECTION("not when there is not much closer than here") {
    rig.balancer = SessionBalancer(MemberId{1}, {BalancerMode::act, true});
    rig.sessions[1].load.owners = {{MemberId{1}, 0.4}, {MemberId{3}, 0.59}};
    CHECK(held(rig.ask()) == "balanced");
  }
}

TEST_CASE("with affinity a destination takes what makes it carry too much only while it is not under pressure") {
  BalancerRig rig({300}, {BalancerMode::act, true});
  rig.works({400, 400, 400});
  rig.sessions[0].load.owners = {{MemberId{3}, 1.0}};
  rig.group.pressure(0.6);
  CHECK(held(rig.ask()) == "balanced");
  rig.group.pressure(0.59);
  CHECK(held(rig.ask()) == "moves");
}

TEST_CASE("with affinity a session whose pages are here is shed only under pressure") {
  BalancerRig rig({300, 300, 300}, {BalancerMode::act, true});
  for (OwnSession& session : rig.sessions) session.load.owners = {{MemberId{1}, 1.0}};
  rig.group.pressure(0.79);
  const Verdict verdict = rig.after(10);
  CHECK(held(verdict) == "no-gain");
  CHECK(verdict.alternatives[0].note == "most of its pages are here");
  rig.group.pressure(0.8);
  CHECK(held(rig.ask()) == "moves");
}

TEST_CASE("a member that drains lets one session after the other go, idle or not, but none that may not move") {
  BalancerRig rig({0, 0, 0});
  rig.works({0, 0, 0}).group.draining(1).sessions({3, 1, 0});
  rig.sessions[2].load.may_not_move = "came to the member portal";
  const Verdict first = rig.ask();
  REQUIRE(moved(first));
  CHECK(moved(first)->reason == MoveReason::drain);
  CHECK(moved(first)->to == MemberId{3});
  rig.carry_out(*moved(first));
  const Verdict second = rig.ask();
  REQUIRE(moved(second));
  rig.carry_out(*moved(second));
  CHECK(held(rig.ask()) == "none-may-move");
}

TEST_CASE("nothing is said of sessions when there are none") {
  BalancerRig rig(std::vector<double>{});
  CHECK(held(rig.after(10)) == "none-may-move");
}
