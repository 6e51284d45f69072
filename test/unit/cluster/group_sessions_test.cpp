#include "cluster/group_sessions.h"

#include <catch2/catch.hpp>
#include <set>

#include "test/unit/cluster/session_group.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;

namespace {

const NexusName kName = SessionGroup::nexus();

int holders(const SessionGroup& group) {
  return static_cast<int>(
      std::count_if(group.logins.begin(), group.logins.end(), [](const auto& s) { return s->live(); }));
}

}  // namespace

TEST_CASE("a first login writes the record and asks nobody") {
  SessionGroup group;
  const int writes = group.member(1).door->writes;
  const FakeSession& session = group.login(1, kName);
  REQUIRE(session.claim);
  CHECK(session.claim->generation == generation_of(1, 1));
  CHECK(session.claim->id == GroupSessions::id_of(kName));
  CHECK_FALSE(session.claim->memory);
  CHECK(group.member(1).door->writes == writes + 1);
  CHECK(group.member(1).fences.empty());
  CHECK(group.member(1).channel->requests == 0);
  CHECK(group.record(kName)->member == MemberId{1});
  CHECK(group.gate().records == 1);
}

TEST_CASE("a login again at the holder ends the old session and asks no metadata") {
  SessionGroup group;
  FakeSession& old = group.login(1, kName);
  group.member(1).door->away = true;
  const FakeSession& session = group.login(1, kName);
  REQUIRE(session.claim);
  CHECK(old.ended);
  CHECK(session.claim->generation == generation_of(1, 2));
  CHECK(group.member(1).fences.empty());
}

TEST_CASE("a host whose connection broke gets back in while metadata are away, however long they are") {
  SessionGroup group;
  group.logout(1, group.login(1, kName));
  group.member(1).door->away = true;
  group.runtime.run_for(1s);
  CHECK(group.login(1, kName).claim);
  group.logout(1, *group.logins.back());
  group.member(1).door->cas({}, {}, [](CasResult) {});  // somebody finds that metadata are away
  group.runtime.run_for(1h);
  CHECK(group.login(1, kName).claim);
}

// ---- what a nexus has not been told

namespace {

const NexusMemory kMemory{{1, 4}, {{0x2a, 0x03}}};

// Whoever ends it, it leaves this memory.
void leave_memory(SessionGroup& group, std::uint32_t at, FakeSession& session) {
  session.on_end = [&group, &session, at] { group.logout(at, session, kMemory); };
}

}  // namespace

TEST_CASE("a nexus that comes back to its member, however its session ended, gets what the last session knew") {
  SessionGroup group;
  group.logout(1, group.login(1, kName), kMemory);
  FakeSession& again = group.login(1, kName);
  CHECK(again.claim->memory == kMemory);
  leave_memory(group, 1, again);
  CHECK(group.login(1, kName).claim->memory == kMemory);
}

TEST_CASE("a nexus that is taken by another member gets what its session at the holder knew") {
  SessionGroup group;
  leave_memory(group, 1, group.login(1, kName));
  CHECK(group.login(2, kName).claim->memory == kMemory);
}

TEST_CASE("a nexus without a session that is taken by another member gets what its last session knew") {
  SessionGroup group;
  group.logout(1, group.login(1, kName), kMemory);
  CHECK(group.login(2, kName).claim->memory == kMemory);
}

TEST_CASE("what is told to one session is not told to the next one, and what died with a member to none") {
  SessionGroup group;
  group.logout(1, group.login(1, kName), kMemory);
  FakeSession& told = group.login(1, kName);
  REQUIRE(told.claim->memory);
  group.kill(1);
  CHECK_FALSE(group.login(2, kName, 10s).claim->memory);
}

TEST_CASE("a nexus whose record has gone comes as one that was never there") {
  SessionGroup group;
  group.logout(1, group.login(1, kName), kMemory);
  group.runtime.run_for(kLinger + 1s);
  REQUIRE_FALSE(group.record(kName));
  CHECK_FALSE(group.login(1, kName).claim->memory);
}

TEST_CASE("a nexus that moves takes along what its host has not been told") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, {}, kMemory, [](bool) {});
  group.runtime.run_for(1s);
  CHECK(group.record(kName)->memory == kMemory);
  CHECK(group.login(2, kName).claim->memory == kMemory);
  CHECK_FALSE(group.record(kName)->memory);
}

// ---- another member

TEST_CASE("a login at another member ends the session at the holder before it is answered") {
  SessionGroup group;
  FakeSession& old = group.login(1, kName);
  FakeSession& session = group.login(2, kName);
  REQUIRE(session.claim);
  CHECK(old.ended);
  CHECK(session.claim->generation == generation_of(2, 1));
  CHECK(group.member(2).fences.empty());
  CHECK(group.record(kName)->member == MemberId{2});
  CHECK(group.gate().records == 1);
}

TEST_CASE("a holder that can not be reached is fenced, and the login is not held for it") {
  SessionGroup group;
  FakeSession& old = group.login(1, kName);
  group.cut.insert(MemberId{1});
  group.member(1).door->silent = true;
  SECTION("owners answer") {}
  SECTION("an owner is dead, too") { group.member(2).owners_answer = false; }
  const FakeSession& session = group.login(2, kName, kFenceWithin + 1s);
  REQUIRE(session.claim);
  REQUIRE(group.member(2).fences.size() == 1);
  CHECK(group.member(2).fences[0] == routing::Fence{kName.image, session.claim->id, session.claim->generation});
  CHECK_FALSE(old.ended);
}

TEST_CASE("a holder that was cut off ends its session when it sees the newer record") {
  SessionGroup group;
  FakeSession& old = group.login(1, kName);
  group.cut.insert(MemberId{1});
  group.login(2, kName, 10s);
  group.runtime.run_for(1s);
  CHECK(old.ended);
  CHECK(group.login(2, kName).claim->generation == generation_of(2, 2));
}

TEST_CASE("a holder whose session does not end in time is fenced") {
  SessionGroup group;
  FakeSession& old = group.login(1, kName);
  old.ends = FakeSession::Ends::never;
  const Time before = group.runtime.now();
  const FakeSession& session = group.login(2, kName, 20s);
  REQUIRE(session.claim);
  CHECK(group.runtime.now() - before >= kConfirmWithin);
  CHECK(group.runtime.now() - before < kConfirmWithin + kFenceWithin);
  CHECK(group.member(2).fences.size() == 1);
}

TEST_CASE("a session here that does not end in time is fenced") {
  SessionGroup group;
  group.login(1, kName).ends = FakeSession::Ends::never;
  const FakeSession& session = group.login(1, kName, 20s);
  REQUIRE(session.claim);
  REQUIRE(group.member(1).fences.size() == 1);
  CHECK(group.member(1).fences[0].generation == session.claim->generation);
}

TEST_CASE("a session that is released while it is asked to end has ended") {
  SessionGroup group;
  FakeSession& old = group.login(1, kName);
  old.ends = FakeSession::Ends::never;
  SECTION("for a login here") {
    const FakeSession& session = group.begin_login(1, kName);
    group.logout(1, old);
    CHECK(session.claim);
  }
  SECTION("for a login elsewhere") {
    const FakeSession& session = group.login(2, kName, 1s);
    group.logout(1, old);
    CHECK(session.claim);
  }
  CHECK(group.member(1).fences.empty());
}

TEST_CASE("of two claims in flight at one member the newest wins") {
  SessionGroup group;
  const FakeSession& first = group.begin_login(1, kName);
  const FakeSession& second = group.begin_login(1, kName);
  const FakeSession& third = group.login(1, kName);
  CHECK(first.refused == ClaimError::unavailable);
  CHECK(second.refused == ClaimError::unavailable);
  CHECK(third.claim);
}

TEST_CASE("a session hears that it has the nexus before it hears that it has lost it") {
  SessionGroup group;
  FakeSession& old = group.login(1, kName);
  group.logout(1, old);
  FakeSession first, second;
  bool had_it_first = false;
  group.member(1).sessions->claim(kName, first, [&](auto) { had_it_first = !first.ended; });
  group.member(1).sessions->claim(kName, second, [](auto) {});
  group.runtime.settle();
  CHECK(had_it_first);
  CHECK(first.ended);
}

TEST_CASE("a claim that needs metadata ends as unavailable in time, and a record that it did write is found again") {
  SessionGroup group;
  group.member(1).door->away = true;
  const Time before = group.runtime.now();
  const FakeSession& refused = group.login(1, kName, 20s);
  CHECK(refused.refused == ClaimError::unavailable);
  CHECK(group.runtime.now() - before == kMetadataWithin);
  group.member(1).door->away = false;
  group.runtime.run_for(5s);
  CHECK(group.record(kName)->member == MemberId{1});
  CHECK(group.login(1, kName).claim->generation == generation_of(1, 1));
}

TEST_CASE("an image that is gone is told apart from one that can not be asked about") {
  SessionGroup group;
  CHECK(group.login(1, {ImageId{8}, 1, "iqn.x:y", 1}).refused == ClaimError::gone);
}

TEST_CASE("a restarted member raises the epoch of what it held and fences its own past") {
  SessionGroup group;
  const Generation before = group.login(1, kName).claim->generation;
  group.restart(1);
  const FakeSession& session = group.login(1, kName);
  REQUIRE(session.claim);
  CHECK(epoch_of(session.claim->generation) > epoch_of(before));
  CHECK(group.member(1).fences.size() == 1);
  CHECK(group.gate().records == 1);
}

TEST_CASE("records of an earlier incarnation go when no host comes back") {
  SessionGroup group;
  group.login(1, kName);
  group.restart(1);
  group.runtime.run_for(kAbandoned + 1s);
  CHECK_FALSE(group.record(kName));
  CHECK(group.gate().records == 0);
}

TEST_CASE("a holder that restarted can not vouch for its past, so the owners are fenced") {
  SessionGroup group;
  group.login(1, kName);
  group.restart(1);
  CHECK(group.login(2, kName).claim);
  CHECK(group.member(2).fences.size() == 1);
}

TEST_CASE("a record goes some time after its session, and a new one begins above its epoch") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  const Generation generation = group.login(2, kName).claim->generation;
  (void)session;
  group.logout(2, *group.logins.back());
  group.runtime.run_for(kLinger - 1s);
  CHECK(group.record(kName));
  group.runtime.run_for(2s);
  CHECK_FALSE(group.record(kName));
  CHECK(group.gate().records == 0);
  CHECK(group.login(3, kName).claim->generation > generation);
}

TEST_CASE("a session that is moved away is placed anew without a fence, and not here") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  bool moved = false;
  group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{}, {},
                                             [&](bool) { moved = true; });
  group.runtime.run_for(100ms);
  CHECK(moved);
  CHECK(group.record(kName)->member == MemberId{});
  CHECK(group.record(kName)->not_at == MemberId{1});
  CHECK(group.member(2).sessions->known(kName) == group.record(kName));
  group.logout(1, session);
  CHECK(group.login(2, kName).claim->generation == generation_of(2, 1));
  CHECK(group.member(2).fences.empty());
  CHECK(group.member(2).channel->requests == 0);
}

TEST_CASE("the members in reach learn at once where a place is kept for a session that is moved") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  std::optional<bool> moved;
  group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{3}, {},
                                             [&](bool done) { moved = done; });
  REQUIRE(group.runtime.run_until([&] { return moved.has_value(); }));
  CHECK(*moved);
  CHECK(group.member(2).sessions->known(kName)->place_at == MemberId{3});
  CHECK(group.member(3).sessions->known(kName)->place_at == MemberId{3});
  group.logout(1, session);
  group.login(3, kName);
  CHECK(group.record(kName)->place_at == MemberId{});
}

TEST_CASE("of two moves of one session the first wins, and the second is told that nothing was moved") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  std::optional<bool> first, second;
  auto& sessions = *group.member(1).sessions;
  sessions.release_for_move(session.claim->id, session.claim->generation, MemberId{2}, {},
                            [&](bool done) { first = done; });
  sessions.release_for_move(session.claim->id, session.claim->generation, MemberId{3}, {},
                            [&](bool done) { second = done; });
  group.runtime.run_for(100ms);
  CHECK(first == true);
  CHECK(second == false);
  CHECK(group.record(kName)->place_at == MemberId{2});
}

TEST_CASE("a session that was taken up again before its move was written is not moved") {
  SessionGroup group;
  FakeSession& old = group.login(1, kName);
  FakeSession& again = group.login(1, kName);
  std::optional<bool> moved;
  group.member(1).sessions->release_for_move(old.claim->id, old.claim->generation, MemberId{2}, {},
                                             [&](bool done) { moved = done; });
  group.runtime.run_for(100ms);
  CHECK(moved == false);
  CHECK(again.live());
  CHECK(group.record(kName)->member == MemberId{1});
}

TEST_CASE("a login that comes while its move is being written is served, and the record is its own again") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{2}, {},
                                             [](bool) {});
  FakeSession& again = group.begin_login(1, kName);
  group.runtime.run_for(1s);
  CHECK(again.live());
  CHECK(group.record(kName)->member == MemberId{1});
  CHECK(group.member(2).sessions->known(kName)->member == MemberId{1});
}

TEST_CASE("a host that comes back with another ISID finds the newest place that is kept for it") {
  SessionGroup group;
  const auto& known = *group.member(2).sessions;
  for (const std::uint32_t place : {2u, 3u}) {
    FakeSession& session = group.login(1, SessionGroup::nexus(place));
    group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{place}, {},
                                               [](bool) {});
    group.logout(1, session);
    group.runtime.run_for(100ms);
    CHECK(known.moved_away(SessionGroup::nexus(9))->place_at == MemberId{place});
  }
  NexusName other = SessionGroup::nexus(9);
  other.initiator_name += "b";
  CHECK_FALSE(known.moved_away(other));
  group.login(3, SessionGroup::nexus(2));
  group.login(3, SessionGroup::nexus(3));
  group.runtime.run_for(1s);
  CHECK_FALSE(known.moved_away(SessionGroup::nexus(9)));  // they are taken
}

TEST_CASE("when a host has come back with another ISID, its next session does not find the place that was kept") {
  SessionGroup group;
  FakeSession& session = group.login(1, SessionGroup::nexus(2));
  group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{3}, {},
                                             [](bool) {});
  group.logout(1, session);
  group.login(3, SessionGroup::nexus(7));
  group.runtime.run_for(1s);
  CHECK_FALSE(group.member(2).sessions->moved_away(SessionGroup::nexus(8)));
}

TEST_CASE("a member that is told of a redirect knows who came by it, and from when on") {
  SessionGroup group;
  auto& here = *group.member(2).sessions;
  group.member(1).sessions->tell_redirected(kName, MemberId{2});
  group.runtime.run_for(10ms);
  CHECK(here.came_by_redirect(kName, group.runtime.now()));
  CHECK_FALSE(here.came_by_redirect(SessionGroup::nexus(5), group.runtime.now()));
  CHECK_FALSE(here.came_by_redirect(kName, group.runtime.now() + 61s));  // a later login, by itself
}

TEST_CASE("when a move completes the members in reach know of it, before any hint of the metadata") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  group.runtime.run_for(1s);
  bool moved = false;
  group.cut.insert(MemberId{3});
  group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{}, {}, [&](bool) {
    CHECK(group.member(2).sessions->known(kName)->not_at == MemberId{1});
    moved = true;
  });
  CHECK(group.runtime.run_until([&] { return moved; }, kMetadataWithin + kTellWithin));
}

TEST_CASE("the other members hear of a move with where from and where to, and of a drop nothing") {
  SessionGroup group;
  std::vector<NexusRecord> heard;
  group.member(2).sessions->on_move_elsewhere([&](const NexusRecord& moved) { heard.push_back(moved); });
  for (const MemberId place : {MemberId{3}, MemberId{}}) {
    FakeSession& session = group.login(1, kName);
    group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, place, {}, [](bool) {});
    group.logout(1, session);
    group.runtime.run_for(1s);
  }
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].name == kName);
  CHECK(heard[0].not_at == MemberId{1});
  CHECK(heard[0].place_at == MemberId{3});
}

TEST_CASE("every member knows who serves other sessions of a host to the same volume") {
  SessionGroup group;
  group.login(1, SessionGroup::nexus(1));
  group.login(3, SessionGroup::nexus(2));
  NexusName stranger = SessionGroup::nexus(3);
  stranger.initiator_name += "b";
  group.login(2, stranger);
  group.runtime.run_for(1s);
  const auto& sessions = *group.member(2).sessions;
  CHECK(sessions.serving_others(SessionGroup::nexus(1)) == std::set<MemberId>{MemberId{3}});
  CHECK(sessions.serving_others(SessionGroup::nexus(9)) == std::set<MemberId>{MemberId{1}, MemberId{3}});
  CHECK(sessions.serving_others(stranger).empty());
}

TEST_CASE("a listing from before a move does not undo what a member was told of it") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  group.runtime.run_for(1s);
  group.member(2).door->silent = true;
  bool moved = false;
  group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{}, {},
                                             [&](bool) { moved = true; });
  REQUIRE(group.runtime.run_until([&] { return moved; }));
  group.member(2).door->fault = [](int) { return Fault::stale; };
  group.member(2).door->silent = false;
  group.meta.put("/s/", "a hint");
  group.runtime.run_for(5s);
  CHECK(group.member(2).sessions->known(kName)->not_at == MemberId{1});
  group.member(2).door->fault = [](int) { return Fault::none; };
  group.login(3, kName);
  group.runtime.run_for(1s);
  CHECK(group.member(2).sessions->known(kName)->member == MemberId{3});
}

TEST_CASE("a moved session that comes back to the same member is served there") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{}, {}, [](bool) {});
  group.logout(1, session);
  CHECK(group.login(1, kName).claim->generation == generation_of(2, 1));
}

TEST_CASE("the record of a moved session that nobody claims goes") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{}, {}, [](bool) {});
  group.runtime.run_for(kLinger + 1s);
  CHECK(group.gate().records == 0);
}

TEST_CASE("without metadata a session that is to be moved stays, and the order is answered") {
  SessionGroup group;
  FakeSession& session = group.login(1, kName);
  group.member(1).door->away = true;
  bool answered = false;
  group.member(1).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{}, {},
                                             [&](bool) { answered = true; });
  CHECK(group.runtime.run_until([&] { return answered; }, kMetadataWithin));
}

TEST_CASE("idle records go at once when a volume is to be deleted, and live sessions are told") {
  SessionGroup group;
  FakeSession& stays = group.login(1, SessionGroup::nexus(1));
  group.logout(1, group.login(1, SessionGroup::nexus(2)));
  group.logout(2, group.login(2, SessionGroup::nexus(3)));
  std::optional<ImageUse> use;
  const auto ask = [&] {
    use.reset();
    group.member(3).sessions->release_idle(SessionGroup::kImage, [&](ImageUse answer) { use = std::move(answer); });
    group.runtime.run_until([&] { return use.has_value(); }, 10s);
  };
  ask();
  REQUIRE(use);
  CHECK(use->live == std::map<MemberId, std::size_t>{{MemberId{1}, 1}});
  CHECK(use->silent.empty());
  CHECK(group.gate().records == 1);
  group.cut.insert(MemberId{1});
  ask();
  CHECK(use->silent == std::vector<MemberId>{MemberId{1}});
  group.cut.clear();
  group.logout(1, stays);
  ask();
  CHECK(use->live.empty());
  CHECK(group.gate().records == 0);
}

TEST_CASE("records that are removed together go together, and members do not keep each other from it") {
  SessionGroup group;
  for (std::uint64_t isid = 0; isid < 200; ++isid) {
    const std::uint32_t at = isid % 2 + 1;
    group.logout(at, group.login(at, SessionGroup::nexus(isid)));
  }
  REQUIRE(group.gate().records == 200);
  const int before = group.member(1).door->writes;
  std::optional<ImageUse> use;
  group.member(3).sessions->release_idle(SessionGroup::kImage, [&](ImageUse answer) { use = std::move(answer); });
  REQUIRE(group.runtime.run_until([&] { return use.has_value(); }, kConfirmWithin));
  CHECK(use->silent.empty());
  CHECK(group.gate().records == 0);
  CHECK(group.member(1).door->writes - before < 15);
}

TEST_CASE("a session that has ended leaves its tsih to others") {
  SessionGroup group;
  for (std::uint64_t isid = 0; isid < 2 * kTsihsPerMember; ++isid) {
    FakeSession& session = group.login(1, SessionGroup::nexus(isid));
    REQUIRE(session.claim);
    group.logout(1, session);
  }
}

TEST_CASE("a tsih is unique for an initiator and a target, and is neither 0 nor that of discovery") {
  SessionGroup group;
  std::set<std::uint16_t> given;
  for (std::uint64_t isid = 1; isid <= kTsihsPerMember; ++isid) {
    const FakeSession& session = group.login(1, SessionGroup::nexus(isid));
    REQUIRE(session.claim);
    CHECK(given.insert(session.claim->tsih).second);
  }
  CHECK_FALSE(given.contains(0));
  CHECK(group.login(1, SessionGroup::nexus(99)).refused == ClaimError::exhausted);
  CHECK_FALSE(given.contains(group.login(2, SessionGroup::nexus(100)).claim->tsih));
  for (std::uint16_t count = 0; count < 100; ++count) CHECK(tsih_of(MemberId{1023}, count) != 0xffff);
}

TEST_CASE("a single server without peers serves sessions") {
  VirtualRuntime runtime;
  FakeMeta meta;
  meta.put(gate_key(SessionGroup::kImage), encode(ImageGate{}));
  MetaDoor door(runtime, meta);
  MemberRecord self;
  self.id = MemberId{1};
  Members members(runtime, door, self, Log());
  int fences = 0;
  GroupSessions sessions(
      runtime, door, members, nullptr,
      [&](const auto&, Duration, Completion<> done) {
        ++fences;
        runtime.post(std::move(done));
      },
      Log());
  members.join([&] { sessions.load([] {}); });
  runtime.run_for(1s);
  FakeSession session;
  sessions.claim(kName, session, [&](auto result) { session.claim = *result; });
  runtime.run_for(1s);
  REQUIRE(session.claim);
  std::optional<ImageUse> use;
  sessions.release_idle(kName.image, [&](ImageUse answer) { use = answer; });
  runtime.run_for(1s);
  CHECK(use->live.at(MemberId{1}) == 1);
  CHECK(fences == 0);
}

// (state, event): what a member does about a nexus, by where it stands when the event comes.
// Of two members that claim at once the one whose compare-and-swap comes last has it.
TEST_CASE("every event in every state") {
  enum class Event { claim_here, claim_there, release, move, idle };
  struct Row {
    const char* state;
    Event event;
    bool here, there;  // who serves it in the end
  };
  const Row rows[] = {
      {"vacant", Event::claim_here, true, false},
      {"vacant", Event::claim_there, false, true},
      {"vacant", Event::move, false, false},
      {"vacant", Event::idle, false, false},
      {"parked", Event::claim_here, true, false},
      {"parked", Event::claim_there, false, true},
      {"parked", Event::idle, false, false},
      {"acquiring", Event::claim_here, true, false},
      {"acquiring", Event::claim_there, true, false},
      {"acquiring", Event::idle, true, false},
      {"held", Event::claim_here, true, false},
      {"held", Event::claim_there, false, true},
      {"held", Event::release, false, false},
      {"held", Event::move, false, false},
      {"held", Event::idle, true, false},
      {"quiet", Event::claim_here, true, false},
      {"quiet", Event::claim_there, false, true},
      {"quiet", Event::release, false, false},
      {"quiet", Event::move, false, false},
      {"quiet", Event::idle, false, false},
      {"ending", Event::claim_here, true, false},
      {"ending", Event::claim_there, false, true},
      {"ending", Event::release, true, false},
      {"ending", Event::move, true, false},
      {"ending", Event::idle, true, false},
      {"moving", Event::claim_here, true, false},
      {"moving", Event::claim_there, false, true},
      {"moving", Event::release, false, false},
      {"moving", Event::idle, false, false},
      {"removing", Event::claim_here, true, false},
      {"removing", Event::claim_there, false, true},
      {"removing", Event::idle, false, false},
      {"leaving", Event::claim_here, true, false},
      {"leaving", Event::release, false, true},
      {"leaving", Event::idle, false, true},
      {"expelling", Event::claim_here, true, false},
      {"expelling", Event::claim_there, false, true},
      {"expelling", Event::idle, true, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.state, static_cast<int>(row.event));
    SessionGroup group;
    GroupSessions& here = *group.member(1).sessions;
    const std::string state = row.state;
    FakeSession* old = nullptr;
    if (state != "vacant" && state != "acquiring" && state != "expelling") old = &group.login(1, kName);
    if (state == "parked") {
      group.restart(1);
      old->ended = true;  // with its member
    }
    MetaDoor& door = *group.member(1).door;
    door.writes_lost = state == "acquiring" || state == "removing" || state == "moving";
    if (state == "acquiring") group.begin_login(1, kName);
    if (state == "quiet" || state == "removing") group.logout(1, *old);
    if (state == "removing") here.release_idle(kName.image, [](const ImageUse&) {});
    if (state == "moving") {
      old->ended = true;  // its tasks are finished, it is about to close
      here.release_for_move(old->claim->id, old->claim->generation, MemberId{}, {}, [](bool) {});
    }
    if (state == "ending" || state == "leaving") old->ends = FakeSession::Ends::never;
    if (state == "ending") group.begin_login(1, kName);
    if (state == "leaving") group.login(2, kName, 1s);
    if (state == "expelling") {
      group.login(3, kName).ends = FakeSession::Ends::never;
      group.login(1, kName, 1s);
    }
    group.runtime.settle();
    GroupSessions& now = *group.member(1).sessions;
    const NexusId id = GroupSessions::id_of(kName);
    const Generation generation = old && old->claim ? old->claim->generation : Generation{};
    switch (row.event) {
      case Event::claim_here: group.begin_login(1, kName); break;
      case Event::claim_there: group.begin_login(2, kName); break;
      case Event::release:
        old->ended = true;
        now.release(id, generation, {});
        break;
      case Event::move:
        if (state == "held") old->ended = true;
        now.release_for_move(id, generation, MemberId{}, {}, [](bool) {});
        break;
      case Event::idle: now.release_idle(kName.image, [](const ImageUse&) {}); break;
    }
    door.writes_lost = false;
    group.runtime.run_for(30s);
    for (const auto& session : group.logins) {
      const bool still_logging_in = !session->claim && !session->refused;
      CHECK_FALSE(still_logging_in);
    }
    const auto record = group.record(kName);
    CHECK(holders(group) == (row.here || row.there ? 1 : 0));
    if (row.here || row.there) {
      REQUIRE(record);
      CHECK(record->member.value == (row.here ? 1u : 2u));
    }
  }
}

TEST_CASE("no loss of any single call keeps a host out or gives its nexus to two") {
  for (const Fault fault : {Fault::request_lost, Fault::answer_lost, Fault::late, Fault::stale}) {
    for (int lost = 1; lost <= 12; ++lost) {
      CAPTURE(static_cast<int>(fault), lost);
      SessionGroup group;
      for (const std::uint32_t id : {1u, 2u}) {
        MetaDoor& door = *group.member(id).door;
        door.calls = 0;
        door.fault = [fault, lost](int call) { return call == lost ? fault : Fault::none; };
      }
      Generation last;
      const auto login = [&](std::uint32_t id) {
        const FakeSession& session = group.login(id, kName, 12s);
        REQUIRE(session.claim);
        CHECK(session.claim->generation > last);
        last = session.claim->generation;
        CHECK(holders(group) == 1);
      };
      login(1);
      login(2);
      login(1);
      group.member(1).sessions->release_for_move(GroupSessions::id_of(kName), last, MemberId{}, {}, [](bool) {});
      group.logins.back()->ended = true;
      login(2);
      group.logout(2, *group.logins.back());
      group.runtime.run_for(kLinger + 10s);
      CHECK(group.gate().records == 0);
      login(1);
      CHECK(group.gate().records == 1);
    }
  }
}

TEST_CASE("whatever is lost, in the end one member holds the nexus and generations only grow") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    SessionGroup group(4, seed);
    SeededRandom random(seed * 7919);
    std::map<NexusName, Generation> newest;
    bool partitioned = false;
    const auto chaos = [&random](int) {
      const std::uint64_t dice = random.below(20);
      return dice < 4 ? static_cast<Fault>(1 + dice) : Fault::none;
    };
    for (auto& [id, member] : group.members) member.door->fault = chaos;
    for (int step = 0; step < 30; ++step) {
      const auto id = static_cast<std::uint32_t>(1 + random.below(4));
      const NexusName name = SessionGroup::nexus(1 + random.below(2));
      switch (random.below(10)) {
        case 0:
          partitioned = seed % 2 == 0;  // then a member may let its host back in and not know that another one has it
          if (partitioned) group.cut.insert(MemberId{id});
          break;
        case 1: group.cut.clear(); break;
        case 2: group.member(id).door->silent = random.below(2) == 0; break;
        case 3:
          if (!group.logins.empty() && group.logins.back()->live()) {
            auto& session = *group.logins.back();
            for (auto& [member, parts] : group.members)
              parts.sessions->release(session.claim->id, session.claim->generation, {});
            session.ended = true;
          }
          break;
        default: {
          FakeSession& session = group.login(id, name, Duration(random.below(12) * 1s));
          if (!session.claim) break;
          if (!partitioned) CHECK(session.claim->generation.value > newest[name].value);
          newest[name] = std::max(newest[name], session.claim->generation);
        }
      }
      group.runtime.run_for(Duration(random.below(3000) * 1ms));
    }
    group.cut.clear();
    for (auto& [id, member] : group.members) {
      member.door->fault = [](int) { return Fault::none; };
      member.door->silent = false;
    }
    group.runtime.run_for(kRelist * 2);
    for (const std::uint64_t isid : {1u, 2u}) {
      const NexusName name = SessionGroup::nexus(isid);
      const FakeSession& last = group.login(1 + static_cast<std::uint32_t>(seed % 4), name, 12s);
      REQUIRE(last.claim);
      CHECK(last.claim->generation.value > newest[name].value);
      group.runtime.run_for(10s);
      int live = 0;
      for (const auto& session : group.logins) live += session->live() && session->claim->id == last.claim->id;
      CHECK(live == 1);
      CHECK(last.live());
    }
    CHECK(group.gate().records == group.meta.keys(gate_key(SessionGroup::kImage) + "/").size());
  }
}

TEST_CASE("where a host's other sessions are, or are on their way to, is known by their records") {
  SessionGroup group;
  FakeSession& session = group.login(2, group.nexus(2));
  group.runtime.run_for(1s);
  const auto others = [&](std::uint32_t at) { return group.member(at).sessions->serving_others(group.nexus(1)); };
  for (std::uint32_t at = 1; at <= 3; ++at) CHECK(others(at) == std::set<MemberId>{MemberId{2}});
  CHECK(group.member(1).sessions->serving_others(group.nexus(2)).empty());  // it is the session itself
  group.member(2).sessions->release_for_move(session.claim->id, session.claim->generation, MemberId{1}, {},
                                             [](bool) {});
  group.runtime.run_for(1s);
  for (std::uint32_t at = 1; at <= 3; ++at) CHECK(others(at) == std::set<MemberId>{MemberId{1}});
}

TEST_CASE("who places a login tells every other member at once") {
  SessionGroup group;
  std::map<std::uint32_t, MemberId> told;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    group.member(id).sessions->on_placed_elsewhere([&told, id](const NexusName& name, MemberId at) {
      CHECK(name == SessionGroup::nexus(2));
      told[id] = at;
    });
  }
  group.member(1).sessions->tell_placed(group.nexus(2), MemberId{3});
  group.runtime.settle();
  CHECK(told == std::map<std::uint32_t, MemberId>{{2, MemberId{3}}, {3, MemberId{3}}});
}
