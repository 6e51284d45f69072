#include "cluster/load/placement.h"

#include <catch2/catch.hpp>

#include "test/unit/load/group.h"

using namespace shoal;
using namespace shoal::load;

namespace {

constexpr ImageId kVolume{7};

PlacementQuestion login(int host, std::uint64_t isid = 1) {
  return {{"iqn.2004-10.org.example:host" + std::to_string(host), isid, kVolume}, {}, {}, {}};
}

// Members with a placement that asks about them; time passes only when a test says so.
struct Allocation {
  Group group = Group::of({0, 0, 0});
  Placement placement;
  std::vector<PlacementCandidate> candidates{{MemberId{1}, true}, {MemberId{2}, true}, {MemberId{3}, true}};
  double now = 0;

  explicit Allocation(PlacementPolicy policy, std::vector<Pin> pins = {}, std::uint32_t self = 1)
      : placement(MemberId{self}, {policy, std::move(pins)}) {}
  Placed ask(const PlacementQuestion& question) { return placement.place(at(now), question, candidates, group.load); }
  std::uint32_t where(const PlacementQuestion& question) { return ask(question).member.value; }
  std::map<std::uint32_t, int> where_all(int first, int last) {
    std::map<std::uint32_t, int> counts;
    for (int host = first; host <= last; ++host) ++counts[where(login(host))];
    return counts;
  }
};

using Counts = std::map<std::uint32_t, int>;

}  // namespace

TEST_CASE("round robin takes each in turn and leaves out who is not ready, silent or draining") {
  Allocation allocation(PlacementPolicy::round_robin);
  for (std::uint32_t expected : {1, 2, 3, 1, 2}) CHECK(allocation.where(login(int(expected))) == expected);
  SECTION("not ready") { allocation.candidates[2].ready = false; }
  SECTION("silent") { allocation.group.silent(3); }
  SECTION("draining") { allocation.group.draining(3); }
  CHECK(allocation.where(login(11)) == 1);
  CHECK(allocation.where(login(12)) == 2);
  CHECK(allocation.where(login(13)) == 1);
}

TEST_CASE("thirty logins in ten milliseconds are spread evenly although no report has come") {
  for (auto policy : {PlacementPolicy::least_loaded, PlacementPolicy::weighted, PlacementPolicy::affinity}) {
    Allocation allocation(policy);
    CHECK(allocation.where_all(1, 30) == Counts{{1, 10}, {2, 10}, {3, 10}});
  }
}

TEST_CASE("in a group that does next to nothing logins are spread by sessions, whoever did a little just now") {
  Allocation allocation(PlacementPolicy::least_loaded);
  allocation.group = Group::of({90, 0, 9});
  CHECK(allocation.where_all(1, 30) == Counts{{1, 10}, {2, 10}, {3, 10}});
  allocation.group = Group::of({91, 0, 9});
  CHECK(allocation.where(login(31)) == 2);
}

TEST_CASE("logins are spread evenly while reports with part of them come in") {
  Allocation allocation(PlacementPolicy::least_loaded);
  Counts all;
  for (std::uint32_t step = 1; step <= 10; ++step) {
    for (auto [member, count] : allocation.where_all(int(step) * 3, int(step) * 3 + 2)) all[member] += count;
    allocation.now += 0.1;
    // Member 2 tells at once what it has; the others have told nothing yet.
    allocation.group.member(2).sequence += 1;
    allocation.group.member(2).sessions = step;
  }
  CHECK(all == Counts{{1, 10}, {2, 10}, {3, 10}});
}

TEST_CASE("the odd logins of several portals do not all go to one member: each begins with itself") {
  for (auto policy : {PlacementPolicy::round_robin, PlacementPolicy::least_loaded, PlacementPolicy::weighted}) {
    Counts all;
    for (std::uint32_t portal = 1; portal <= 3; ++portal) {
      Allocation allocation(policy, {}, portal);
      const int first = 10 * static_cast<int>(portal);
      for (auto [member, count] : allocation.where_all(first, first + 9)) all[member] += count;
    }
    CHECK(all == Counts{{1, 10}, {2, 10}, {3, 10}});
  }
}

TEST_CASE("what other portals placed counts as what was placed here") {
  Allocation allocation(PlacementPolicy::least_loaded);
  for (int host = 1; host <= 4; ++host) {
    allocation.placement.learn(at(0), login(host).login, MemberId{host % 2 ? 1u : 2u});
    allocation.placement.learn(at(0), login(host).login, MemberId{host % 2 ? 1u : 2u});  // it asked again
  }
  CHECK(allocation.where_all(11, 12) == Counts{{3, 2}});
  CHECK(allocation.where(login(1, 2)) != 1);
}

TEST_CASE("a login that never arrives is forgotten after the time limit of logins") {
  Allocation allocation(PlacementPolicy::least_loaded);
  CHECK(allocation.where(login(1)) == 1);
  allocation.now = 14.9;
  CHECK(allocation.where(login(2)) == 2);
  allocation.now = 15;
  CHECK(allocation.where(login(3)) == 1);
}

TEST_CASE("a login that three reports of its member do not show is expected no longer: it has come and gone") {
  Allocation allocation(PlacementPolicy::weighted);
  CHECK(allocation.where(login(1)) == 1);
  for (std::uint64_t report = 2; report <= 3; ++report) {
    allocation.group.member(1).sequence = report;
    CHECK(allocation.where(login(2)) == 2);
  }
  allocation.group.member(1).sequence = 4;
  CHECK(allocation.where(login(3)) == 1);
  allocation.group.member(1).sequence = allocation.group.member(2).sequence = 9;  // as many, told between two logins
  CHECK(allocation.where(login(4)) == 1);
}

TEST_CASE("a host that logs in again and again with one ISID counts once") {
  Allocation allocation(PlacementPolicy::weighted);
  for (int i = 0; i < 5; ++i) allocation.where(login(1));
  CHECK(allocation.where_all(2, 6) == Counts{{1, 1}, {2, 2}, {3, 2}});
}

TEST_CASE("a restarted member has none of the sessions that were sent to it before") {
  Allocation allocation(PlacementPolicy::weighted);
  allocation.group.sessions({5, 5, 5});
  allocation.where(login(1));
  allocation.group.member(3).incarnation = 2;
  allocation.group.member(3).sessions = 0;
  CHECK(allocation.where_all(2, 6) == Counts{{3, 5}});
}

TEST_CASE(
    "least loaded takes the lowest mean of client load and sessions, ties go to fewer sessions, then around from "
    "itself") {
  Allocation allocation(PlacementPolicy::least_loaded);
  allocation.group = Group::of({900, 300, 600}).sessions({3, 3, 3});
  const Placed placed = allocation.ask(login(1));
  CHECK(placed.member == MemberId{2});
  CHECK(placed.reason == "least-loaded");
  REQUIRE(placed.alternatives.size() == 3);
  CHECK(placed.alternatives[0].score == Approx((900 + 600) / 2.0));
  CHECK(placed.alternatives[1].score == Approx((300 + 600) / 2.0));
  SECTION("fewer sessions") {
    // Mean session: 100. (300 + 400) / 2 = (400 + 300) / 2.
    Allocation tie(PlacementPolicy::least_loaded);
    tie.group = Group::of({300, 400, 500}).sessions({4, 3, 5});
    CHECK(tie.where(login(1)) == 2);
  }
  SECTION("around from itself") {
    Allocation tie(PlacementPolicy::least_loaded);
    tie.group = Group::of({500, 300, 300}).sessions({3, 3, 3});
    CHECK(tie.where(login(1)) == 2);
    CHECK(tie.where(login(2)) == 3);
  }
}

TEST_CASE("a member of weight two is given twice as many") {
  for (auto policy : {PlacementPolicy::least_loaded, PlacementPolicy::weighted}) {
    Allocation allocation(policy);
    allocation.group.weighs(2, 2);
    CHECK(allocation.where_all(1, 40) == Counts{{1, 10}, {2, 20}, {3, 10}});
  }
}

TEST_CASE("a member whose weight is zero or less takes logins only when it is the only one") {
  Allocation allocation(PlacementPolicy::weighted);
  allocation.group.sessions({1, 1, 1}).member(1).weight = 0;
  CHECK(allocation.where(login(1)) == 2);
  allocation.candidates = {{MemberId{1}, true}};
  CHECK(allocation.where(login(2)) == 1);
}

TEST_CASE("affinity goes where the host's pages are, and by load when that is not known") {
  Allocation allocation(PlacementPolicy::affinity);
  allocation.group = Group::of({100, 200, 900}).sessions({1, 1, 1});
  PlacementQuestion question = login(1);
  question.owners = {{MemberId{2}, 0.1}, {MemberId{3}, 0.9}};
  const Placed placed = allocation.ask(question);
  CHECK(placed.member == MemberId{3});
  CHECK(placed.formula == "affinity");
  CHECK(placed.alternatives[2].score == Approx(0.1));
  const Placed unknown = allocation.ask(login(2));
  CHECK(unknown.member == MemberId{1});
  CHECK(unknown.formula == "least-loaded");
}

TEST_CASE("two sessions of one host to one volume are kept apart while another member is ready") {
  Allocation allocation(PlacementPolicy::least_loaded);
  allocation.group = Group::of({0, 900, 900}).sessions({0, 9, 9});
  PlacementQuestion second = login(1, 2);
  SECTION("the group knows the other session") { second.served_at = {MemberId{1}}; }
  SECTION("the other session was sent there a moment ago") { CHECK(allocation.where(login(1, 1)) == 1); }
  const Placed placed = allocation.ask(second);
  CHECK(placed.member == MemberId{2});
  CHECK(placed.alternatives[0].note == "serves another session of this host to this volume");
}

TEST_CASE("a fourth session of one host to one volume goes where one is") {
  Allocation allocation(PlacementPolicy::least_loaded);
  PlacementQuestion fourth = login(1, 4);
  fourth.served_at = {MemberId{1}, MemberId{2}, MemberId{3}};
  const Placed placed = allocation.ask(fourth);
  CHECK(placed.member == MemberId{1});
  CHECK(placed.reason == "least-loaded, although: serves another session of this host to this volume");
}

TEST_CASE("sessions of one host to two volumes may be served by one member") {
  Allocation allocation(PlacementPolicy::least_loaded);
  allocation.group = Group::of({0, 900, 900}).sessions({0, 9, 9});
  CHECK(allocation.where(login(1)) == 1);
  PlacementQuestion other = login(1, 2);
  other.login.volume = ImageId{8};
  CHECK(allocation.where(other) == 1);
}

TEST_CASE("a session that is moved away goes elsewhere, to a sibling's member only when it must") {
  Allocation allocation(PlacementPolicy::least_loaded);
  PlacementQuestion question = login(1);
  question.not_at = MemberId{1};
  CHECK(allocation.where(question) == 2);
  question.served_at = {MemberId{2}, MemberId{3}};
  CHECK(allocation.where(question) == 1);
}

TEST_CASE("a pin beats policy, siblings and load; the first that matches counts") {
  Allocation allocation(PlacementPolicy::least_loaded, {{"*:host1?", kVolume, MemberId{3}},
                                                        {"*:host2", {}, MemberId{2}},
                                                        {"*:host1*", {}, MemberId{1}},
                                                        {"", ImageId{9}, MemberId{1}}});
  allocation.group = Group::of({0, 900, 900});
  CHECK(allocation.where(login(17)) == 3);
  PlacementQuestion sibling = login(17, 2);
  CHECK(allocation.where(sibling) == 3);
  CHECK(allocation.where(login(2)) == 2);
  CHECK(allocation.where(login(3)) == 1);
  CHECK(allocation.ask(login(17)).reason == "pinned to member 3");
}

TEST_CASE("a login that is pinned to a member which is down is placed by the policy") {
  Allocation allocation(PlacementPolicy::weighted, {{"*:host1", {}, MemberId{3}}, {"*:host2", {}, MemberId{9}}});
  SECTION("not in reach") { allocation.candidates[2].ready = false; }
  SECTION("silent") { allocation.group.silent(3); }
  SECTION("draining") { allocation.group.draining(3); }
  const Placed placed = allocation.ask(login(1));
  CHECK(placed.member == MemberId{1});
  CHECK(placed.reason == "weighted; pinned to member 3, which is not ready");
  CHECK(allocation.ask(login(2)).reason == "weighted; pinned to member 9, which is not ready");
}

TEST_CASE("while nobody is heard of, all that are ready count; when none is ready nobody is chosen") {
  Allocation allocation(PlacementPolicy::least_loaded);
  allocation.group.load.members.clear();
  CHECK(allocation.where_all(1, 6) == Counts{{1, 2}, {2, 2}, {3, 2}});
  for (PlacementCandidate& candidate : allocation.candidates) candidate.ready = false;
  const Placed placed = allocation.ask(login(7));
  CHECK(placed.member == MemberId{});
  CHECK(placed.reason == "no member is ready");
}

TEST_CASE("a session that was told to leave the member that it is pinned to goes elsewhere while it can") {
  Allocation allocation(PlacementPolicy::least_loaded, {{"*", {}, MemberId{3}}});
  PlacementQuestion leaves = login(1);
  leaves.not_at = MemberId{3};
  const Placed placed = allocation.ask(leaves);
  CHECK(placed.member == MemberId{1});
  CHECK(placed.reason == "least-loaded; pinned to member 3, which it is moved away from");
  allocation.candidates[0].ready = allocation.candidates[1].ready = false;
  CHECK(allocation.where(leaves) == 3);
}

TEST_CASE("while nobody is heard of, a pin counts all the same") {
  Allocation allocation(PlacementPolicy::least_loaded, {{"*", {}, MemberId{3}}});
  allocation.group.load.members.clear();
  CHECK(allocation.where(login(1)) == 3);
  allocation.candidates[2].ready = false;
  CHECK(allocation.where(login(2)) == 1);
}

TEST_CASE("policies have names") {
  for (auto policy : {PlacementPolicy::round_robin, PlacementPolicy::least_loaded, PlacementPolicy::affinity,
                      PlacementPolicy::weighted}) {
    CHECK(parse_placement_policy(to_string(policy)) == policy);
  }
  CHECK_FALSE(parse_placement_policy("least_loaded"));
}

TEST_CASE("what was placed is remembered up to a limit") {
  RecentPlacements recent;
  for (std::uint64_t i = 0; i < kMaxRecentPlacements + 5; ++i) recent.note(at(0), {"host", i, kVolume}, MemberId{1});
  CHECK(recent.expected_at(MemberId{1}) == kMaxRecentPlacements);
}

TEST_CASE(
    "in a large group four members are compared for a login, the same at every portal, others for another login") {
  Allocation allocation(PlacementPolicy::least_loaded);
  allocation.group = Group::of({0, 0, 0, 0, 0, 0, 0, 0});
  allocation.candidates.clear();
  for (std::uint32_t id = 1; id <= 8; ++id) allocation.candidates.push_back({MemberId{id}, true});
  Allocation portal = allocation;
  std::set<std::uint32_t> first_choices;
  for (int host = 1; host <= 40; ++host) {
    const Placed placed = allocation.ask(login(host));
    const auto not_drawn = std::count_if(placed.alternatives.begin(), placed.alternatives.end(),
                                         [](const Alternative& other) { return other.note == "not drawn"; });
    CHECK(not_drawn == 4);
    Allocation fresh = portal;
    Allocation another = portal;
    CHECK(fresh.where(login(host)) == another.where(login(host)));
    first_choices.insert(Allocation(portal).where(login(host)));
  }
  CHECK(first_choices.size() >= 4);
}
