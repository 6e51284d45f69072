#include "cluster/unit_states.h"

#include <catch2/catch.hpp>

#include "cluster/unit_messages.h"
#include "test/unit/cluster/unit_group.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;

namespace {

const InitiatorPort kAlice{"iqn.alice", 1}, kBob{"iqn.bob", 1};
constexpr UnitAttention kPowerOn{0x29, 0x00}, kReset{0x29, 0x03};

PersistentReserveOut enrol(std::uint64_t key) { return {.action_key = key}; }

}  // namespace

TEST_CASE("of members that start together one becomes the keeper, and all serve") {
  UnitGroup group;
  REQUIRE(group.keeper());
  CHECK(group.keeper()->term == 1);
  for (std::uint32_t id = 1; id <= 3; ++id) {
    CHECK(group.member(id).serves);
    CHECK(group.view(id).generation == std::uint64_t{1} << 32);
  }
}

TEST_CASE("what one member changes all members go by when it is answered") {
  UnitGroup group;
  for (std::uint32_t at = 1; at <= 3; ++at) {
    const InitiatorPort host{"iqn.host", at};
    CHECK(group.change(at, host, enrol(at)) == UnitAnswer::good);
    for (std::uint32_t id = 1; id <= 3; ++id) {
      CHECK(group.view(id).persistent.registrations.size() == at);
      CHECK(group.view(id) == group.view(1));
    }
  }
  CHECK(group.change(2, kAlice, PersistentReserveOut{.key = 9, .action_key = 1}) == UnitAnswer::conflict);
}

TEST_CASE("a reset is answered when the tasks that it ends are over on every member") {
  UnitGroup group;
  group.member(3).holds = true;
  const auto answer = group.begin(2, kAlice, ResetUnit{});
  group.runtime.run_for(10s);
  CHECK_FALSE(*answer);
  for (std::uint32_t id = 1; id <= 3; ++id) {
    REQUIRE(group.member(id).suffered.size() == 1);
    CHECK(group.member(id).suffered[0].aborted.includes(kBob));
    CHECK(group.member(id).heard(kReset, kBob));
    CHECK(group.member(id).heard(kReset, kAlice));  // who asked for it, too
    CHECK(group.member(id).generations.back() == (std::uint64_t{1} << 32) + 1);
  }
  group.member(3).let_go();
  group.runtime.settle();
  CHECK(*answer == UnitAnswer::good);
}

TEST_CASE("a member whose link breaks is not waited for, and hears what it missed when it returns") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, away = keeper % 3 + 1, other = away % 3 + 1;
  group.member(away).holds = true;
  const auto answer = group.begin(other, kAlice, ResetUnit{});
  group.runtime.run_for(1s);
  CHECK_FALSE(*answer);
  group.cut(away);
  group.runtime.settle();
  CHECK(*answer == UnitAnswer::good);
  CHECK(group.change(other, kAlice, ReserveUnit{}) == UnitAnswer::good);
  CHECK_FALSE(group.view(away).reserved_by);
  group.heal(away);
  group.runtime.run_for(1s);
  CHECK(group.view(away).reserved_by == kAlice);
  CHECK(group.view(away) == group.view(keeper));
  CHECK_FALSE(group.member(away).heard(kPowerOn, kBob));  // nothing was missed
}

TEST_CASE("a member that was away for long tells its nexuses that they missed something") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, away = keeper % 3 + 1;
  group.cut(away);
  for (int i = 0; i < 10; ++i) CHECK(group.change(keeper, kAlice, ResetUnit{}) == UnitAnswer::good);
  group.heal(away);
  group.runtime.run_for(1s);
  CHECK(group.view(away) == group.view(keeper));
  CHECK(group.member(away).heard(kPowerOn, kAlice));
  CHECK(group.member(away).suffered.front().aborted.includes(kAlice));
}

TEST_CASE("who finds no keeper says so after a while, and the change is not made later") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, away = keeper % 3 + 1;
  group.cut(away);
  const Time begun = group.runtime.now();
  CHECK(group.change(away, kAlice, ReserveUnit{}) == UnitAnswer::unavailable);
  CHECK(group.runtime.now() - begun >= kKeeperWithin);
  CHECK(group.runtime.now() - begun < kKeeperWithin + 1s);
  group.heal(away);
  group.runtime.run_for(5s);
  CHECK_FALSE(group.view(keeper).reserved_by);
}

TEST_CASE("a change whose answer was lost is made once") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, other = keeper % 3 + 1;
  group.lost_answers_to.insert(MemberId{other});
  CHECK(group.change(other, kAlice, enrol(0xa)) == UnitAnswer::good);  // a second one would conflict
  CHECK(group.view(other).persistent.generation == 1);
}

TEST_CASE("an answer that was lost is told when this member has the view, which may have been lost, too") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, other = keeper % 3 + 1;
  group.lost_views_to.insert(MemberId{other});
  group.lost_answers_to.insert(MemberId{other});
  CHECK(group.change(other, kAlice, ReserveUnit{}) == UnitAnswer::good);
  CHECK(group.view(other).reserved_by == kAlice);
}

TEST_CASE("an answer is not told while this member lacks the view: the change is asked for again, for a while") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, other = keeper % 3 + 1;
  group.lost_views_to.insert(MemberId{other});
  group.lost_answers_to.insert(MemberId{other});
  group.lost_pulls[MemberId{other}] = 2;
  CHECK(group.change(other, kAlice, ReserveUnit{}) == UnitAnswer::good);
  CHECK(group.view(other).reserved_by == kAlice);
  group.lost_answers_to.insert(MemberId{other});
  group.lost_pulls[MemberId{other}] = 1000;
  const Time begun = group.runtime.now();
  CHECK(group.change(other, kAlice, ReleaseUnit{}) == UnitAnswer::unavailable);
  CHECK(group.view(other).reserved_by == kAlice);
  CHECK(group.runtime.now() - begun < kKeeperWithin + 1s);
}

TEST_CASE("a change that a keeper has worked at is looked for again as long as one that was never taken") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, away = keeper % 3 + 1, third = away % 3 + 1;
  group.cut(away);
  const auto answer = group.begin(away, kAlice, ResetUnit{});
  group.runtime.run_for(kKeeperWithin - 500ms);
  group.member(third).holds = true;
  group.heal(away);
  group.runtime.run_for(3s);
  CHECK_FALSE(*answer);
  group.lost_answers_to.insert(MemberId{away});
  group.member(third).let_go();
  group.runtime.run_for(1s);
  CHECK(*answer == UnitAnswer::good);
}

TEST_CASE("a keeper that dies is replaced, and nothing is left of what it kept") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, other = keeper % 3 + 1, third = other % 3 + 1;
  REQUIRE(group.change(other, kAlice, enrol(0xa)) == UnitAnswer::good);
  group.kill(keeper);
  group.runtime.run_for(3s);
  CHECK(group.keeper()->term == 1);  // it is announced as alive for some time
  CHECK(group.change(other, kAlice, ReserveUnit{}) == UnitAnswer::unavailable);
  group.expire(keeper);
  group.runtime.run_for(2s);
  CHECK(group.keeper()->term == 2);
  CHECK(group.keeper()->member == MemberId{std::min(other, third)});
  for (const std::uint32_t id : {other, third}) {
    CHECK(group.view(id) == first_view(2));
    CHECK(group.member(id).heard(kPowerOn, kAlice));
    CHECK(group.member(id).generations.back() == std::uint64_t{2} << 32);
  }
  CHECK(group.change(third, kBob, ReserveUnit{}) == UnitAnswer::good);
  CHECK(group.view(other).reserved_by == kBob);
}

TEST_CASE("a keeper that restarts begins a new term, and does not answer for the old one") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, other = keeper % 3 + 1;
  REQUIRE(group.change(other, kAlice, ReserveUnit{}) == UnitAnswer::good);
  group.kill(keeper);
  group.start(keeper);
  group.runtime.run_for(3s);
  CHECK(group.keeper()->term == 2);
  CHECK(group.member(keeper).serves);
  for (std::uint32_t id = 1; id <= 3; ++id) CHECK(group.view(id) == first_view(2));
  CHECK(group.change(other, kBob, ReserveUnit{}) == UnitAnswer::good);
}

TEST_CASE("a change that meets the death of the keeper is made by its successor") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, other = keeper % 3 + 1, third = other % 3 + 1;
  group.member(third).holds = true;
  const auto answer = group.begin(other, kAlice, ResetUnit{});
  group.runtime.run_for(1s);
  CHECK_FALSE(*answer);
  group.kill(keeper);
  group.expire(keeper);
  group.member(third).let_go();
  group.runtime.run_until([&] { return answer->has_value(); });
  CHECK(*answer == UnitAnswer::good);
  CHECK(group.keeper()->term == 2);
}

TEST_CASE("a member that starts serves only when it knows the views") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, late = keeper % 3 + 1, other = late % 3 + 1;
  REQUIRE(group.change(other, kAlice, ReserveUnit{}) == UnitAnswer::good);
  group.kill(late);
  group.cut_off.insert(MemberId{late});
  group.start(late);
  group.runtime.run_for(kViewsWithin - 1s);
  CHECK(group.member(late).overdue.empty());
  group.runtime.run_for(kViewsWithin + 2s);
  CHECK(group.member(late).overdue == std::vector(2, MemberId{keeper}));
  CHECK_FALSE(group.member(late).serves);
  group.heal(late);
  group.runtime.run_for(1s);
  CHECK(group.member(late).serves);
  group.runtime.run_for(2 * kViewsWithin);
  CHECK(group.member(late).overdue.size() == 2);
  CHECK(group.view(late).reserved_by == kAlice);
}

TEST_CASE("a keeper that was replaced while it was cut off steps down when it hears of it") {
  UnitGroup group;
  const std::uint32_t old = group.keeper()->member.value, other = old % 3 + 1;
  group.member(old).door->away = true;
  group.cut(old);
  group.expire(old);
  group.runtime.run_for(3s);
  REQUIRE(group.keeper()->term == 2);
  CHECK(group.change(other, kBob, ReserveUnit{}) == UnitAnswer::good);
  CHECK(group.change(old, kAlice, ReserveUnit{}) == UnitAnswer::good);  // on its side of the cut
  group.member(old).door->away = false;
  group.heal(old);
  group.runtime.run_for(5s);
  CHECK(group.view(old).reserved_by == kBob);
  CHECK(group.member(old).heard(kPowerOn, kAlice));
  CHECK(group.change(old, kAlice, ReserveUnit{}) == UnitAnswer::conflict);
}

TEST_CASE("a late view of an older term is refused") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, other = keeper % 3 + 1;
  group.kill(keeper);
  group.expire(keeper);
  group.runtime.run_for(3s);
  UnitSnapshot late{.image = UnitGroup::kImage, .serial = 1, .view = first_view(1)};
  late.view.reserved_by = kAlice;
  std::string reply;
  group.member(other).channel->handler(MemberId{keeper}, encode(UnitRequest(AdoptRequest{1, late})),
                                       [&](std::string body) { reply = std::move(body); });
  CHECK(decode_unit_reply(reply) == UnitReply(OtherTerm{2}));
  CHECK_FALSE(group.view(other).reserved_by);
}

TEST_CASE("a view that comes again while its tasks are ending is confirmed when they have ended") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, other = keeper % 3 + 1;
  auto& member = group.member(other);
  member.holds = true;
  UnitSnapshot news{.image = UnitGroup::kImage, .serial = 1, .view = first_view(1)};
  news.recent.push_back({1, {.aborted = {.all = true}}});
  int confirmed = 0;
  for (int i = 0; i < 2; ++i) {
    member.channel->handler(
        MemberId{keeper}, encode(UnitRequest(AdoptRequest{1, news})),
        [&](const std::string& reply) { confirmed += decode_unit_reply(reply) == UnitReply(Adopted{}); });
  }
  CHECK(confirmed == 0);
  CHECK(member.suffered.size() == 1);
  member.let_go();
  CHECK(confirmed == 2);
}

TEST_CASE("a single server keeps its own units, without metadata") {
  VirtualRuntime runtime;
  FakeMeta meta;
  MetaDoor door(runtime, meta);
  MemberRecord record;
  record.id = MemberId{1};
  Members members(runtime, door, record, Log());
  members.join([] {});
  runtime.run_for(1s);
  int adopted = 0;
  UnitStates states(
      runtime, door, members, nullptr,
      [&](ImageId, std::uint64_t, const std::vector<unit::Consequences>&, Completion<> done) {
        ++adopted;
        done();
      },
      Log());
  bool known = false;
  states.start([&] { known = true; }, [](MemberId) {});
  CHECK(known);
  const auto state = states.open(ImageId{7});
  std::optional<UnitAnswer> answer;
  state->change(kAlice, ReserveUnit{}, [&](UnitAnswer given) { answer = given; });
  CHECK_FALSE(state->view().reserved_by);  // the view stays until control returns to the runtime
  runtime.settle();
  CHECK(answer == UnitAnswer::good);
  CHECK(state->view().reserved_by == kAlice);
  CHECK(adopted == 1);
  CHECK_FALSE(meta.value(std::string(kKeeperKey)));
}

TEST_CASE("a deleted unit is forgotten, and who still has it is told that nobody keeps it") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value;
  const auto state = group.member(keeper).states->open(UnitGroup::kImage);
  REQUIRE(group.change(keeper, kAlice, ReserveUnit{}) == UnitAnswer::good);
  group.member(keeper).states->forget(UnitGroup::kImage);
  std::optional<UnitAnswer> answer;
  state->change(kAlice, ReleaseUnit{}, [&](UnitAnswer given) { answer = given; });
  group.runtime.run_for(5s);
  CHECK(answer == UnitAnswer::unavailable);
  CHECK(group.view(keeper) == first_view(1));
}

TEST_CASE("a late view of a deleted unit is kept only until it is known to be deleted") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, other = keeper % 3 + 1;
  UnitStates& states = *group.member(other).states;
  constexpr ImageId kDeleted{3};
  UnitSnapshot late{.image = kDeleted, .serial = 1, .view = first_view(1)};
  late.view.reserved_by = kAlice;
  group.member(other).channel->handler(MemberId{keeper}, encode(UnitRequest(AdoptRequest{1, late})),
                                       [](const std::string&) {});
  CHECK(states.images() == std::vector{kDeleted, UnitGroup::kImage});
  states.forget(kDeleted);
  CHECK(states.images() == std::vector{UnitGroup::kImage});
}

// ---- work on the medium

namespace {

constexpr ChangeCondition kBeginFormat{UnitCondition::ready, UnitCondition::formatting,
                                       UnitCondition::format_corrupted};

}  // namespace

TEST_CASE("a member that dies while it formats leaves a unit whose format is corrupted") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, worker = keeper % 3 + 1, third = worker % 3 + 1;
  REQUIRE(group.change(worker, kAlice, kBeginFormat) == UnitAnswer::good);
  group.runtime.run_for(1min);
  CHECK(group.view(third).condition == UnitCondition::formatting);
  group.kill(worker);
  group.runtime.run_for(3s);
  CHECK(group.view(third).condition == UnitCondition::formatting);  // it is announced as alive for some time
  group.expire(worker);
  group.runtime.run_for(3s);
  CHECK(group.view(third).condition == UnitCondition::format_corrupted);
  CHECK(group.view(keeper).condition == UnitCondition::format_corrupted);
  CHECK(group.keeper()->term == 1);
  const ChangeCondition again{UnitCondition::format_corrupted, UnitCondition::formatting,
                              UnitCondition::format_corrupted};
  CHECK(group.change(third, kBob, again) == UnitAnswer::good);
  group.runtime.run_for(10s);
  CHECK(group.view(keeper).condition == UnitCondition::formatting);
}

TEST_CASE("a member that restarts while it formats has abandoned that, however soon it is back") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, worker = keeper % 3 + 1;
  REQUIRE(group.change(worker, kAlice, kBeginFormat) == UnitAnswer::good);
  group.kill(worker);
  group.start(worker);
  group.runtime.run_for(3s);
  CHECK(group.view(keeper).condition == UnitCondition::format_corrupted);
}

TEST_CASE("who has done its work, or is only cut off, has abandoned nothing") {
  UnitGroup group;
  const std::uint32_t keeper = group.keeper()->member.value, worker = keeper % 3 + 1;
  REQUIRE(group.change(worker, kAlice, kBeginFormat) == UnitAnswer::good);
  group.cut(worker);
  group.runtime.run_for(10s);
  group.heal(worker);
  CHECK(group.view(keeper).condition == UnitCondition::formatting);
  const ChangeCondition done{UnitCondition::formatting, UnitCondition::ready};
  REQUIRE(group.change(worker, kAlice, done) == UnitAnswer::good);
  group.kill(worker);
  group.expire(worker);
  group.runtime.run_for(10s);
  CHECK(group.view(keeper).condition == UnitCondition::ready);
}
