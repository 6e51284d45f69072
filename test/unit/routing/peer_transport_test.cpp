#include "routing/peer_transport.h"

#include <catch2/catch.hpp>

#include "test/unit/routing/transport_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

using Journal = std::vector<std::string>;

PageResult zeros(const PageRequest& request) { return {.data = {pattern(0, request.length / kBlockBytes)}}; }

Fence fence(std::uint64_t generation) { return {ImageId{7}, nexus_id(1), Generation{generation}}; }

}  // namespace

// ---- linking ----------------------------------------------------------------------------------------------------

TEST_CASE("three members dial each other and learn who the others are") {
  TransportRig rig(3);
  rig.connect();
  for (const auto& member : rig.all) CHECK(member->transport->links().size() == 2);
  const LinkStatus link = rig.a().link_to(rig.b());
  CHECK(link.incarnation == rig.b().identity.incarnation);
  CHECK(link.stores == std::vector{store_id(2)});
  CHECK(rig.a().transport->connected(MemberId{3}));
  CHECK_FALSE(rig.a().transport->connected(MemberId{1}));
  CHECK(rig.a().transport->endpoint(MemberId{9}) == nullptr);
}

TEST_CASE("a link is up as long as both sides live, and its round trip is known") {
  TransportRig rig;
  rig.connect();
  rig.world.run_for(60s);
  const LinkStatus link = rig.a().link_to(rig.b());
  CHECK(link.state == LinkState::up);
  CHECK(link.breaks == 0);
  CHECK(link.rtt > 100us);
  CHECK(link.rtt < 2ms);
}

TEST_CASE("a member with another key is refused, says why, and tries again seldom") {
  TransportRig rig;
  rig.b().transport.reset();
  rig.b().identity.key = "another key of that group";
  rig.b().start();
  rig.join();
  rig.world.run_for(1s);
  CHECK(rig.a().link_to(rig.b()).state == LinkState::waiting);
  CHECK(rig.a().link_to(rig.b()).reason == "refused by the peer: wrong group key");
  CHECK(rig.b().link_to(rig.a()).reason == "refused by the peer: wrong group key");
}

TEST_CASE("a member that is not there yet is dialed until it is") {
  TransportRig rig;
  rig.b().kill();
  rig.a().transport->update_members(rig.addresses());
  rig.world.run_for(10s);
  CHECK(rig.a().link_to(rig.b()).state != LinkState::up);
  CHECK(rig.a().link_to(rig.b()).reason == "connection refused");
  rig.b().host().start();
  rig.b().start();
  CHECK(rig.until([&] { return rig.a().transport->connected(MemberId{2}); }, 3s));
}

TEST_CASE("a member that was started again is another incarnation") {
  TransportRig rig;
  rig.connect();
  const std::uint64_t before = rig.a().link_to(rig.b()).incarnation;
  rig.b().restart();
  rig.b().transport->update_members(rig.addresses());
  REQUIRE(rig.until([&] { return rig.a().link_to(rig.b()).breaks == 1 && rig.all_up(); }));
  CHECK(rig.a().link_to(rig.b()).incarnation == before + 100);
}

TEST_CASE("a member that lost its power is linked again when it is back, its old connections notwithstanding") {
  TransportRig rig;
  rig.connect();
  rig.a().transport.reset();
  rig.a().host().crash();
  rig.a().host().start();
  rig.a().start();
  rig.a().transport->update_members(rig.addresses());
  CHECK(rig.until([&] { return rig.a().transport->connected(MemberId{2}); }, 1s));
  CHECK(rig.until([&] { return rig.all_up(); }));
  rig.world.run_for(5s);
  CHECK(rig.all_up());
}

TEST_CASE("who is no member any more is forgotten, and what it was asked is answered") {
  TransportRig rig(3);
  rig.connect();
  rig.a().ask(rig.b(), 1);
  rig.world.run_for(10ms);
  rig.a().transport->update_members({{MemberId{3}, rig.c().address()}});
  CHECK(rig.a().answers.at(1).status == PageStatus::unreachable);
  CHECK(rig.a().transport->links().size() == 1);
  CHECK(rig.a().transport->connected(MemberId{3}));
  CHECK_FALSE(rig.a().transport->connected(MemberId{2}));
}

TEST_CASE("a member that moved is dialed at its new address") {
  TransportRig rig(3);
  rig.connect();
  const Endpoint elsewhere{"10.0.0.2", 7001};
  REQUIRE(rig.b().transport->listen(elsewhere).has_value());
  rig.a().transport->update_members({{MemberId{2}, elsewhere}, {MemberId{3}, rig.c().address()}});
  CHECK_FALSE(rig.a().transport->connected(MemberId{2}));
  REQUIRE(rig.until([&] { return rig.a().transport->connected(MemberId{2}); }));
  CHECK(rig.a().link_to(rig.b()).peer == elsewhere);
}

// ---- asking -----------------------------------------------------------------------------------------------------

TEST_CASE("requests reach the owner in the order in which they were submitted and are answered in any") {
  TransportRig rig;
  rig.connect();
  for (std::uint64_t id = 1; id <= 3; ++id) rig.a().ask(rig.b(), id, OperationKind::write);
  rig.world.run_for(10ms);
  CHECK(rig.b().pages.journal == Journal{"request 1", "request 2", "request 3"});
  rig.b().pages.sessions.answer_newest();
  rig.b().pages.sessions.answer({.status = PageStatus::no_space, .detail = 5});
  rig.world.run_for(10ms);
  CHECK(rig.a().answers.at(3).status == PageStatus::ok);
  CHECK(rig.a().answers.at(1).status == PageStatus::no_space);
  CHECK(rig.a().answers.at(1).detail == 5);
  CHECK_FALSE(rig.a().answers.contains(2));
  CHECK(rig.a().link_to(rig.b()).outstanding == 1);
}

TEST_CASE("data go there and back as they are") {
  TransportRig rig;
  rig.connect();
  PageRequest write = rig.a().request(1, OperationKind::write);
  write.length = 1024 * kBlockBytes;
  write.data = {pattern(9, 1000), pattern(1009, 24)};
  rig.a().ask(rig.b(), std::move(write));
  PageRequest read = rig.a().request(2);
  read.length = 2 * kBlockBytes;
  rig.a().ask(rig.b(), std::move(read));
  rig.world.run_for(50ms);
  REQUIRE(rig.b().pages.sessions.asked.size() == 2);
  CHECK(same_bytes(rig.b().pages.sessions.asked[0].request.data, {pattern(9, 1024)}));
  rig.b().pages.sessions.answer();
  rig.b().pages.sessions.answer({.data = {pattern(5, 1), pattern(6, 1)}});
  rig.world.run_for(10ms);
  CHECK(same_bytes(rig.a().answers.at(2).data, {pattern(5, 2)}));
}

TEST_CASE("the owner counts the age of an operation on its own clock, and never makes it younger") {
  TransportRig rig;
  rig.connect();
  rig.world.run_for(3s);
  PageRequest request = rig.a().request(1);
  request.origin.issued_at = rig.a().now() - 4s;
  rig.a().ask(rig.b(), std::move(request));
  REQUIRE(rig.until([&] { return !rig.b().pages.sessions.asked.empty(); }));
  const Duration age = rig.b().now() - rig.b().pages.sessions.asked[0].request.origin.issued_at;
  CHECK(age >= 4s);
  CHECK(age < 5s);
}

TEST_CASE("a mutation that is too old is not handed on; a read is") {
  TransportRig rig;
  rig.connect();
  PageRequest write = rig.a().request(1, OperationKind::write), read = rig.a().request(2);
  write.origin.issued_at = read.origin.issued_at = rig.a().now() - 9s;
  rig.a().ask(rig.b(), std::move(write));
  rig.a().ask(rig.b(), std::move(read));
  rig.world.run_for(10ms);
  CHECK(rig.a().answers.at(1).status == PageStatus::ghost);
  CHECK(rig.b().pages.journal == Journal{"request 2"});
}

TEST_CASE("requests beyond the limit wait here, in order") {
  TransportRig rig(2, {.outstanding_requests = 2});
  rig.connect();
  for (std::uint64_t id = 1; id <= 5; ++id) rig.a().ask(rig.b(), id, OperationKind::write);
  rig.world.run_for(10ms);
  CHECK(rig.b().pages.journal == Journal{"request 1", "request 2"});
  rig.b().pages.sessions.answer_newest();
  rig.world.run_for(10ms);
  CHECK(rig.b().pages.journal == Journal{"request 1", "request 2", "request 3"});
  rig.b().pages.sessions.at_once = [](const PageRequest&) { return PageResult{}; };
  rig.b().pages.sessions.answer_all();
  rig.world.run_for(10ms);
  CHECK(rig.a().answers.size() == 5);
}

TEST_CASE("requests beyond the limit of bytes wait, but a large one alone goes") {
  TransportRig rig(2, {.outstanding_bytes = 2 * kBlockBytes});
  rig.connect();
  PageRequest large = rig.a().request(1);
  large.length = 8 * kBlockBytes;
  rig.a().ask(rig.b(), std::move(large));
  rig.a().ask(rig.b(), 2);
  rig.world.run_for(10ms);
  CHECK(rig.b().pages.journal == Journal{"request 1"});
  rig.b().pages.sessions.answer({.data = {pattern(0, 8)}});
  rig.world.run_for(10ms);
  CHECK(rig.b().pages.journal == Journal{"request 1", "request 2"});
}

TEST_CASE("a compare and write overtakes what waits here: the owner may wait for it to answer the others") {
  TransportRig rig(2, {.outstanding_requests = 1});
  rig.connect();
  PageRequest compare = rig.a().request(4, OperationKind::compare_and_write), keep = compare;
  compare.data = {pattern(0, 2)};
  keep.origin.id = OperationId{3};
  keep.keep = true;
  keep.data = {pattern(0, 1)};
  rig.a().ask(rig.b(), 1);
  rig.a().ask(rig.b(), 2);
  rig.a().ask(rig.b(), std::move(keep));
  rig.a().ask(rig.b(), std::move(compare));
  rig.world.run_for(10ms);
  CHECK(rig.b().pages.journal == Journal{"request 1", "request 4"});
}

TEST_CASE("an answer of another length than was asked for ends the link") {
  TransportRig rig;
  rig.connect();
  rig.b().pages.sessions.at_once = [](const PageRequest&) { return PageResult{.data = {pattern(0, 2)}}; };
  rig.a().ask(rig.b(), 1);
  rig.world.run_for(20ms);
  CHECK(rig.a().answers.at(1).status == PageStatus::unreachable);
  CHECK(rig.a().link_to(rig.b()).breaks == 1);
}

// ---- breaking ---------------------------------------------------------------------------------------------------

TEST_CASE("what waits for an answer when the link breaks is told so, queued or sent; the link comes back") {
  TransportRig rig(2, {.outstanding_requests = 1});
  rig.connect();
  rig.a().ask(rig.b(), 1);
  rig.a().ask(rig.b(), 2);
  rig.world.run_for(10ms);
  rig.world.network().reset_connections(rig.a().host(), rig.b().host());
  rig.world.run_for(10ms);
  CHECK(rig.a().answers.at(1).status == PageStatus::unreachable);
  CHECK(rig.a().answers.at(2).status == PageStatus::unreachable);
  CHECK(rig.until([&] { return rig.all_up(); }, 1s));
  rig.b().pages.sessions.answer(zeros(rig.a().request(1)));  // late: of a link that is gone
  rig.world.run_for(10ms);
  CHECK(rig.all_up());
}

TEST_CASE("a member that stands still is left after two seconds, and reads nothing of what was sent meanwhile") {
  TransportRig rig;
  rig.connect();
  rig.world.run_for(1s);
  rig.b().host().pause();
  rig.a().ask(rig.b(), 1, OperationKind::write);
  REQUIRE(rig.until([&] { return rig.a().answers.contains(1); }, 3s));
  CHECK(rig.a().answers.at(1).status == PageStatus::unreachable);
  rig.world.run_for(1s);
  rig.b().host().resume();
  REQUIRE(rig.until([&] { return rig.all_up(); }));
  CHECK(rig.b().pages.journal.empty());
}

TEST_CASE(
    "a member that stood still for more than two seconds discards what it had not read, even before anybody left it") {
  TransportRig rig;
  rig.connect();
  rig.world.run_for(1s);
  rig.a().ask(rig.b(), 1, OperationKind::write);
  rig.world.run_for(1us);  // on its way
  rig.b().host().pause();
  rig.a().host().pause();
  rig.world.run_for(2500ms);
  rig.b().host().resume();
  rig.world.run_for(100ms);
  CHECK(rig.b().pages.journal.empty());
  rig.a().host().resume();
  CHECK(rig.until([&] { return rig.all_up(); }));
}

TEST_CASE("a path that is cut one way ends the link on both sides") {
  TransportRig rig;
  rig.connect();
  rig.world.network().cut(rig.a().host(), rig.b().host());
  rig.world.run_for(3s);
  CHECK(rig.a().link_to(rig.b()).state != LinkState::up);
  CHECK(rig.b().link_to(rig.a()).state != LinkState::up);
  CHECK_FALSE(rig.a().link_to(rig.b()).inbound);
  rig.world.network().heal_all();
  CHECK(rig.until([&] { return rig.all_up(); }, 10s));
}

TEST_CASE("nothing that was sent on a broken link arrives after the link has been broken for the silence") {
  for (std::uint64_t cut_after = 0; cut_after < 40; ++cut_after) {
    TransportRig rig;
    rig.connect();
    rig.world.network().conditions().slow_one_in = 3;
    rig.world.network().conditions().slow = 900ms;
    for (std::uint64_t id = 1; id <= 5; ++id) rig.a().ask(rig.b(), id, OperationKind::write);
    rig.world.run_for(std::chrono::milliseconds(cut_after * 50));
    rig.world.network().partition(rig.a().host(), rig.b().host());
    REQUIRE(rig.until([&] { return !rig.a().transport->connected(MemberId{2}); }, 4s));
    rig.world.run_for(kLinkSilence);
    const Journal settled = rig.b().pages.journal;
    rig.world.network().heal_all();
    rig.world.run_for(10s);
    CHECK(rig.b().pages.journal == settled);
  }
}

// ---- fences -----------------------------------------------------------------------------------------------------

TEST_CASE("a fence is confirmed by all who are in reach") {
  TransportRig rig(3);
  rig.connect();
  std::vector<MemberFence> outcome;
  rig.a().transport->fence(fence(5), {MemberId{3}, MemberId{2}}, 3s, [&](auto result) { outcome = std::move(result); });
  REQUIRE(rig.until([&] { return !outcome.empty(); }, 1s));
  CHECK(outcome ==
        std::vector<MemberFence>{{MemberId{3}, FenceOutcome::confirmed}, {MemberId{2}, FenceOutcome::confirmed}});
  CHECK(rig.b().pages.fences == std::vector{fence(5)});
}

TEST_CASE("a fence for a member out of reach ends in time and goes first on the next link") {
  TransportRig rig(3);
  rig.connect();
  rig.world.network().partition(rig.a().host(), rig.b().host());
  REQUIRE(rig.until([&] { return !rig.a().transport->connected(MemberId{2}); }));
  std::vector<MemberFence> outcome;
  rig.a().transport->fence(fence(5), {MemberId{2}, MemberId{3}}, 3s, [&](auto result) { outcome = std::move(result); });
  rig.world.run_for(2900ms);
  CHECK(outcome.empty());
  rig.world.run_for(200ms);
  CHECK(outcome ==
        std::vector<MemberFence>{{MemberId{2}, FenceOutcome::pending}, {MemberId{3}, FenceOutcome::confirmed}});
  CHECK(rig.a().link_to(rig.b()).pending_fences == 1);
  rig.a().on_up = [&](MemberId member) {
    if (member == MemberId{2}) rig.a().ask(rig.b(), 1);
  };
  rig.world.network().heal_all();
  REQUIRE(rig.until([&] { return !rig.b().pages.sessions.asked.empty(); }, 10s));
  CHECK(rig.b().pages.journal == Journal{"fence 5", "request 1"});
  rig.world.run_for(10ms);
  CHECK(rig.a().link_to(rig.b()).pending_fences == 0);
}

TEST_CASE("of several fences of a nexus the newest is kept") {
  TransportRig rig;
  rig.join();
  rig.b().kill();
  for (const std::uint64_t generation : {5, 7, 6}) {
    rig.a().transport->fence(fence(generation), {MemberId{2}}, 1s, [](auto) {});
  }
  CHECK(rig.a().link_to(rig.b()).pending_fences == 1);
  rig.b().host().start();
  rig.b().start();
  REQUIRE(rig.until([&] { return !rig.b().pages.fences.empty(); }));
  rig.world.run_for(100ms);
  CHECK(rig.b().pages.fences == std::vector{fence(7)});
}

TEST_CASE("a fence at somebody who is no member, or whose stores fail, is not confirmed") {
  TransportRig rig;
  rig.connect();
  rig.b().pages.fence_status = PageStatus::failed;
  std::vector<MemberFence> outcome;
  rig.a().transport->fence(fence(5), {MemberId{2}, MemberId{8}}, 3s, [&](auto result) { outcome = std::move(result); });
  rig.world.run_for(100ms);
  CHECK(outcome == std::vector<MemberFence>{{MemberId{2}, FenceOutcome::failed}, {MemberId{8}, FenceOutcome::failed}});
}

TEST_CASE("a fence of nobody is confirmed at once") {
  TransportRig rig;
  bool done = false;
  rig.a().transport->fence(fence(5), {}, 3s, [&](auto result) { done = result.empty(); });
  CHECK(done);
}

// ---- aborts -----------------------------------------------------------------------------------------------------

TEST_CASE("an abort comes behind what was submitted before it, and ends what waits here") {
  TransportRig rig(2, {.outstanding_requests = 1});
  rig.connect();
  rig.a().ask(rig.b(), 1);
  rig.a().ask(rig.b(), 2);
  bool done = false;
  rig.a().transport->abort(MemberId{2}, ImageId{7}, {nexus_id(1)}, [&] { done = true; });
  CHECK(rig.a().answers.at(2).status == PageStatus::aborted);
  CHECK_FALSE(done);
  rig.world.run_for(10ms);
  CHECK(done);
  CHECK(rig.b().pages.journal == Journal{"request 1", "abort"});
}

TEST_CASE("an abort at a member without a link, or whose link breaks, ends") {
  TransportRig rig;
  bool at_nobody = false, at_broken = false;
  rig.a().transport->abort(MemberId{2}, ImageId{7}, {nexus_id(1)}, [&] { at_nobody = true; });
  CHECK(at_nobody);
  rig.connect();
  rig.b().host().pause();
  rig.a().transport->abort(MemberId{2}, ImageId{7}, {nexus_id(1)}, [&] { at_broken = true; });
  rig.world.run_for(1s);
  CHECK_FALSE(at_broken);
  rig.world.run_for(2s);
  CHECK(at_broken);
}

// ---- control ----------------------------------------------------------------------------------------------------

namespace {

struct Called {
  std::optional<Result<std::string, PeerError>> answer;
  void ask(TransportMember& from, MemberId to, ControlKind kind, std::string body, Duration timeout = 1s) {
    answer.reset();
    from.transport->request(to, kind, std::move(body), timeout, [this](auto result) { answer = std::move(result); });
  }
  std::string text() const {
    REQUIRE(answer);
    REQUIRE(answer->has_value());
    return **answer;
  }
  PeerError error() const {
    REQUIRE(answer);
    REQUIRE(answer->has_error());
    return answer->error();
  }
};

}  // namespace

TEST_CASE("a control request is served by who is asked, who knows who asks") {
  TransportRig rig;
  rig.connect();
  const auto serve = [](TransportMember& member) {
    member.transport->serve(ControlKind::end_nexus, [](MemberId from, std::string body, Completion<std::string> reply) {
      reply(fmt::format("{} for {}", body, from));
    });
  };
  serve(rig.a());
  serve(rig.b());
  Called called;
  called.ask(rig.a(), MemberId{2}, ControlKind::end_nexus, "end");
  rig.world.run_for(10ms);
  CHECK(called.text() == "end for 1");
  called.ask(rig.a(), MemberId{1}, ControlKind::end_nexus, "own");
  CHECK(called.text() == "own for 1");
}

TEST_CASE("a control request of a kind that nobody serves is refused") {
  TransportRig rig;
  rig.connect();
  Called called;
  called.ask(rig.a(), MemberId{2}, ControlKind::drop_session, "");
  rig.world.run_for(10ms);
  CHECK(called.error() == PeerError::refused);
  called.ask(rig.a(), MemberId{1}, ControlKind::drop_session, "");
  CHECK(called.error() == PeerError::refused);
  called.ask(rig.a(), MemberId{2}, ControlKind::end_nexus, std::string(kMaxControlBytes + 1, 'x'));
  CHECK(called.error() == PeerError::refused);
  called.ask(rig.a(), MemberId{7}, ControlKind::end_nexus, "");
  CHECK(called.error() == PeerError::unreachable);
}

TEST_CASE("a control request that is not answered in time ends, and a late answer is nothing new") {
  TransportRig rig;
  rig.connect();
  Completion<std::string> late;
  rig.b().transport->serve(ControlKind::end_nexus,
                           [&](MemberId, std::string, Completion<std::string> reply) { late = std::move(reply); });
  Called called;
  called.ask(rig.a(), MemberId{2}, ControlKind::end_nexus, "", 300ms);
  rig.world.run_for(400ms);
  CHECK(called.error() == PeerError::timed_out);
  late("too late");
  rig.world.run_for(100ms);
  CHECK(called.error() == PeerError::timed_out);
  CHECK(rig.all_up());
}

TEST_CASE("a control request on a link that breaks has an unknown outcome") {
  TransportRig rig;
  rig.connect();
  rig.b().transport->serve(ControlKind::end_nexus, [](MemberId, std::string, Completion<std::string>) {});
  Called called;
  called.ask(rig.a(), MemberId{2}, ControlKind::end_nexus, "", 60s);
  rig.b().host().pause();
  rig.world.run_for(3s);
  CHECK(called.error() == PeerError::unreachable);
}

// ---- strangers --------------------------------------------------------------------------------------------------

TEST_CASE("who says nothing is closed when the handshake has taken too long") {
  TransportRig rig;
  RawPeer raw(rig.world, rig.a().address());
  rig.world.run_for(1500ms);
  CHECK_FALSE(raw.closed());
  rig.world.run_for(1500ms);
  CHECK(raw.closed());
}

TEST_CASE("at the limit of half-open links the oldest goes") {
  TransportRig rig(2, {.handshakes = 2});
  RawPeer first(rig.world, rig.a().address(), "r"), second(rig.world, rig.a().address(), "ra");
  CHECK_FALSE(first.closed());
  RawPeer third(rig.world, rig.a().address(), "raw");
  rig.world.run_for(5ms);
  CHECK(first.closed());
  CHECK_FALSE(second.closed());
  CHECK_FALSE(third.closed());
}

TEST_CASE("what is not the protocol ends that link and no other") {
  TransportRig rig;
  rig.connect();
  RawPeer raw(rig.world, rig.a().address());
  raw.say("GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n");
  CHECK(raw.closed());
  CHECK(rig.all_up());
}

TEST_CASE("a request before the handshake ends the link") {
  TransportRig rig;
  RawPeer raw(rig.world, rig.a().address());
  raw.say(FenceMessage{1, fence(9)});
  CHECK(raw.closed());
  CHECK(rig.a().pages.journal.empty());
}

TEST_CASE("a stranger is told why it is refused") {
  TransportRig rig;
  RawPeer raw(rig.world, rig.a().address());
  LinkIdentity other = rig.b().identity;
  other.group = "other";
  const HandshakeStep step = raw.introduce(other, MemberId{1}, 1);
  CHECK(step.by_peer);
  CHECK(step.fault == RefusalReason::group);
  CHECK(raw.closed());
}

TEST_CASE("a newer link of a member takes the place of the older one, which is closed") {
  TransportRig rig;
  RawPeer first(rig.world, rig.a().address(), "r"), second(rig.world, rig.a().address(), "ra");
  REQUIRE(first.introduce(rig.b().identity, MemberId{1}, 1).accepted);
  REQUIRE(second.introduce(rig.b().identity, MemberId{1}, 2).accepted);
  CHECK(first.closed());
  CHECK_FALSE(second.closed());
}

TEST_CASE("an older link never takes the place of a newer one") {
  TransportRig rig;
  RawPeer newer(rig.world, rig.a().address(), "r"), older(rig.world, rig.a().address(), "ra");
  REQUIRE(newer.introduce(rig.b().identity, MemberId{1}, 2).accepted);
  const HandshakeStep step = older.introduce(rig.b().identity, MemberId{1}, 1);
  CHECK(step.fault == RefusalReason::stale_link);
  CHECK(older.closed());
  CHECK_FALSE(newer.closed());
}

TEST_CASE("an asker that has more requests outstanding than allowed is closed") {
  TransportRig rig;
  RawPeer raw(rig.world, rig.a().address());
  REQUIRE(raw.introduce(rig.b().identity, MemberId{1}, 1).accepted);
  for (std::uint64_t id = 0; id < kMaxOutstandingRequests; ++id) raw.put(PageRequestMessage{id, rig.b().request(id)});
  raw.send();
  CHECK(rig.a().pages.sessions.asked.size() == kMaxOutstandingRequests);
  CHECK_FALSE(raw.closed());
  raw.say(PageRequestMessage{9999, rig.b().request(9999)});
  CHECK(raw.closed());
  CHECK(rig.a().pages.sessions.asked.size() == kMaxOutstandingRequests);
}

TEST_CASE("an asker that has more bytes outstanding than allowed is closed") {
  TransportRig rig;
  RawPeer raw(rig.world, rig.a().address());
  REQUIRE(raw.introduce(rig.b().identity, MemberId{1}, 1).accepted);
  PageRequest large = rig.b().request(1);
  large.length = kMaxRequestBytes;
  for (std::uint64_t id = 0; id < kMaxOutstandingBytes / kMaxRequestBytes; ++id) raw.put(PageRequestMessage{id, large});
  raw.send();
  CHECK_FALSE(raw.closed());
  raw.say(PageRequestMessage{9999, large});
  CHECK(raw.closed());
}

TEST_CASE("an answer on the listener's link ends it") {
  TransportRig rig;
  RawPeer raw(rig.world, rig.a().address());
  REQUIRE(raw.introduce(rig.b().identity, MemberId{1}, 1).accepted);
  raw.say(AbortDoneMessage{1});
  CHECK(raw.closed());
}
