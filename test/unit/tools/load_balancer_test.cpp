#include "tools/node/load_balancer.h"

#include <catch2/catch.hpp>

#include "cluster/group_sessions.h"
#include "test/unit/cluster/virtual_runtime.h"
#include "test/unit/load/group.h"

using namespace shoal;
using namespace shoal::test;
using load::DecisionKind;
using load::Group;

namespace {

NexusName nexus(std::uint64_t isid) { return {ImageId{7}, 1, "iqn.host" + std::to_string(isid), isid}; }

// Member 1 with sessions 1, 2, 3, ...; it makes no move: a test says what becomes of each.
struct FakeMember final : BalancedMember {
  Group group = Group::of({900, 100, 100});
  std::vector<LocalSession> all;
  struct Order {
    std::uint64_t session;
    MoveOrder order;
    Completion<MoveResult> done;
  };
  std::vector<Order> orders;
  VirtualRuntime& runtime;

  explicit FakeMember(VirtualRuntime& runtime_) : runtime(runtime_) {
    for (std::uint64_t number : {1, 2, 3}) add(number, 300);
  }
  void add(std::uint64_t number, double units) {
    LocalSession session{nexus(number), {}};
    session.own.nexus = cluster::GroupSessions::id_of(session.name);
    session.own.load.session = {MemberId{1}, number};
    session.own.load.image = ImageId{7};
    session.own.load.initiator_name = session.name.initiator_name;
    session.own.load.rate.requests = units;
    all.push_back(session);
  }
  load::Picture picture() const override {
    load::GroupLoad now = group.load;
    now.at = runtime.now();
    return std::make_shared<const load::GroupLoad>(std::move(now));
  }
  std::vector<LocalSession> sessions() const override { return all; }
  void move(std::uint64_t session, const MoveOrder& order, Completion<MoveResult> done) override {
    orders.push_back({session, order, std::move(done)});
  }
};

struct Rig {
  VirtualRuntime runtime;
  FakeMember member{runtime};
  Decisions decisions{MemberId{1}};
  std::shared_ptr<LoadBalancer> balancer =
      std::make_shared<LoadBalancer>(runtime, MemberId{1}, member, decisions, Log());

  void seconds(int count) {
    for (int i = 0; i < count; ++i) {
      balancer->on_period();
      runtime.run_for(1s);
    }
  }
  MoveRecord record(std::uint64_t session, MemberId to,
                    load::MoveReason reason = load::MoveReason::over_utilised) const {
    MoveRecord move;
    move.session = {MemberId{1}, session};
    move.nexus = nexus(session);
    move.from = MemberId{1};
    move.to = to;
    move.reason = reason;
    move.quiet = move.told = 10ms;
    return move;
  }
  // What was ordered last is done: its host was away for so long.
  void arrives(Duration pause) {
    auto& order = member.orders.back();
    MoveRecord move = record(order.session, order.order.to);
    move.placed = 5ms;
    balancer->on_move_placed(move);
    move.arrived = 10ms + pause;
    const MoveResult result{200, "it is there", move};
    balancer->on_move_ended(result);
    order.done(result);
    std::erase_if(member.all, [&](const auto& session) { return session.own.load.session == move.session; });
  }
  void is_refused() {
    auto& order = member.orders.back();
    const MoveResult result{503, "session stays", record(order.session, order.order.to)};
    balancer->on_move_ended(result);
    order.done(result);
  }
  const load::DecisionRecord& last() const { return decisions.log().all().back(); }
  std::string held() const { return last().kind == DecisionKind::hold ? last().reason : "moves"; }
};

}  // namespace

TEST_CASE("a member that carries too much has the session moved that helps most, and puts it on record") {
  Rig rig;
  rig.seconds(6);
  REQUIRE(rig.member.orders.size() == 1);
  const auto& order = rig.member.orders[0];
  CHECK(order.session == 1);
  CHECK(order.order.to == MemberId{2});
  CHECK(order.order.reason == load::MoveReason::over_utilised);
  CHECK(order.order.cost == Approx(450));
  CHECK(order.order.source_load == Approx(1350));
  CHECK(rig.last().kind == DecisionKind::move);
  CHECK(rig.last().session == SessionName{MemberId{1}, 1});
  CHECK(rig.last().inputs->members.at(MemberId{1}).work == 900);
  CHECK(rig.last().cost == load::kExpectedPause);
  CHECK_FALSE(rig.last().observed);
  rig.seconds(3);
  CHECK(rig.member.orders.size() == 1);  // one at a time
}

TEST_CASE("what a move took is its outcome, and what the next one is expected to cost") {
  Rig rig;
  rig.seconds(6);
  rig.arrives(120ms);
  const auto& moved = *rig.decisions.log().find(1);
  REQUIRE(moved.outcome);
  CHECK(moved.outcome->pause == Duration(120ms));
  CHECK(rig.decisions.counters().moves.at(load::MoveReason::over_utilised) == 1);
  rig.member.group = Group::of({600, 350, 100});
  rig.seconds(4);
  REQUIRE(rig.member.orders.size() == 2);
  CHECK(rig.last().cost == Duration(120ms));
  rig.arrives(80ms);
  rig.seconds(60);
  REQUIRE(moved.effect);
  CHECK(moved.effect->load->members.at(MemberId{1}).work == 600);
}

TEST_CASE("observing decides, tells that nothing was done, and does nothing") {
  Rig rig;
  rig.balancer->set_rules({.mode = load::BalancerMode::observe});
  rig.seconds(6);
  CHECK(rig.member.orders.empty());
  CHECK(rig.last().kind == DecisionKind::move);
  CHECK(rig.last().observed);
  CHECK_FALSE(rig.last().outcome);
}

TEST_CASE("switched off it decides nothing") {
  Rig rig;
  rig.balancer->set_rules({.mode = load::BalancerMode::off});
  rig.seconds(20);
  CHECK(rig.member.orders.empty());
  CHECK(rig.decisions.log().all().empty());
}

TEST_CASE("a member that drains leaves its sessions to the drain, and says so once") {
  Rig rig;
  rig.seconds(6);
  rig.is_refused();
  rig.member.group.draining(1);
  rig.seconds(20);
  CHECK(rig.member.orders.size() == 1);
  CHECK(rig.held() == "draining");
  CHECK(rig.decisions.log().all().size() == 2);
}

TEST_CASE("a session that may not be moved stays, whatever its member carries") {
  Rig rig;
  for (LocalSession& session : rig.member.all) session.own.load.may_not_move = "came to the member portal";
  rig.seconds(20);
  CHECK(rig.member.orders.empty());
  CHECK(rig.held() == "none-may-move");
  CHECK(rig.last().alternatives.front().note == "came to the member portal");
}

TEST_CASE("a session that lost its connection twice is left alone for a minute, and then not any more") {
  Rig rig;
  rig.member.all.resize(1);
  rig.member.group = Group::of({1200, 100, 100});
  rig.member.add(2, 900);
  rig.member.all[1].own.load.may_not_move = "pinned";
  rig.seconds(1);
  rig.balancer->on_login(nexus(1), true);
  rig.runtime.run_for(500ms);
  rig.balancer->on_login(nexus(1), true);
  rig.seconds(50);
  CHECK(rig.member.orders.empty());
  CHECK(rig.held() == "none-may-move");
  CHECK(rig.last().alternatives.front().note == "lost its connection twice within 60 s");
  rig.seconds(15);
  CHECK(rig.member.orders.size() == 1);
}

TEST_CASE("who came by a move stays for half a minute") {
  Rig rig;
  rig.member.all.resize(1);
  rig.member.add(2, 600);
  rig.member.all[1].own.load.may_not_move = "pinned";
  rig.balancer->on_arrival(nexus(1), nexus(1));
  rig.balancer->on_login(nexus(1), true);
  rig.seconds(29);
  CHECK(rig.member.orders.empty());
  CHECK(rig.last().alternatives.front().note == "moved less than 30 s ago");
  rig.seconds(5);
  CHECK(rig.member.orders.size() == 1);
}

TEST_CASE("a destination that refuses is not asked again at once, and another one is") {
  Rig rig;
  rig.seconds(6);
  rig.is_refused();
  rig.seconds(1);
  REQUIRE(rig.member.orders.size() == 2);
  CHECK(rig.member.orders[1].order.to == MemberId{3});
  CHECK(rig.decisions.log().find(1)->outcome->text == "session stays");
  CHECK_FALSE(rig.decisions.log().find(1)->outcome->pause);
  CHECK(rig.decisions.counters().moves.empty());
}

TEST_CASE("an order that cannot even begin lets its session rest") {
  Rig rig;
  rig.member.all.resize(1);
  rig.member.add(2, 600);
  rig.member.all[1].own.load.may_not_move = "pinned";
  rig.seconds(6);
  rig.member.orders.back().done({503, "metadata are out of reach", {}});
  CHECK(rig.last().outcome->text == "metadata are out of reach");
  rig.seconds(20);
  CHECK(rig.member.orders.size() == 1);
}

TEST_CASE("moves of other members count to the limit of the group") {
  Rig rig;
  rig.seconds(4);
  for (std::uint64_t i = 0; i < load::kGroupMoves; ++i) {
    cluster::NexusRecord moved;
    moved.name = nexus(100 + i);
    moved.not_at = MemberId{3};
    moved.place_at = MemberId{2};
    rig.balancer->on_move_elsewhere(moved);
  }
  rig.seconds(20);
  CHECK(rig.member.orders.empty());
  CHECK(rig.held() == "group-limit");
}

TEST_CASE("moves by hand and of a drain are records with their outcomes, too") {
  Rig rig;
  rig.balancer->set_rules({.mode = load::BalancerMode::off});
  rig.seconds(1);
  for (const auto reason : {load::MoveReason::by_hand, load::MoveReason::drain}) {
    MoveRecord move = rig.record(2, MemberId{3}, reason);
    move.placed = 5ms;
    rig.balancer->on_move_placed(move);
    move.arrived = 210ms;
    rig.balancer->on_move_ended({200, "it is there", move});
    CHECK(rig.last().reason == to_string(reason));
    CHECK(rig.last().choice == MemberId{3});
    CHECK(rig.last().initiator_name == "iqn.host2");
    CHECK(rig.last().outcome->pause == Duration(200ms));
    CHECK(rig.decisions.counters().moves.at(reason) == 1);
  }
  CHECK(rig.decisions.log().find(1)->kind == DecisionKind::move);
  CHECK(rig.decisions.log().find(2)->kind == DecisionKind::drain);
}
