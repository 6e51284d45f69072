#include "cluster/unit_keeper.h"

#include <catch2/catch.hpp>

#include "cluster/keeper_record.h"
#include "cluster/unit_follower.h"
#include "routing/peer_channel.h"

using namespace shoal;
using namespace shoal::cluster;

namespace {

constexpr ImageId kImage{7};
const InitiatorPort kAlice{"iqn.alice", 1}, kBob{"iqn.bob", 1};
constexpr UnitAttention kPowerOn{0x29, 0x00};

struct Asker {
  std::uint64_t last = 0;
  ChangeRequest operator()(const InitiatorPort& from, UnitChange change, ImageId image = kImage) {
    return {{MemberId{2}, 1, ++last}, image, from, std::move(change)};
  }
};

PersistentReserveOut enrol(std::uint64_t key) {
  return {.action = PersistentReserveOut::Action::register_and_ignore, .action_key = key};
}

}  // namespace

TEST_CASE("a change is applied once, however often it is asked for") {
  UnitKeeper keeper(3);
  Asker ask;
  const ChangeRequest request = ask(kAlice, enrol(0xa));
  const auto first = keeper.decide(request);
  REQUIRE(first.news);
  CHECK(first.news->view.persistent.generation == 1);
  const auto again = keeper.decide(request);
  CHECK(again.answer == UnitAnswer::good);
  CHECK_FALSE(again.news);
  CHECK(keeper.decide(ask(kAlice, enrol(0xb))).news->view.persistent.generation == 2);
}

TEST_CASE("a refusal is answered the same when the state would allow it by then") {
  UnitKeeper keeper(3);
  Asker ask;
  keeper.decide(ask(kAlice, ReserveUnit{}));
  const ChangeRequest refused = ask(kBob, ReserveUnit{});
  CHECK(keeper.decide(refused).answer == UnitAnswer::conflict);
  keeper.decide(ask(kAlice, ReleaseUnit{}));
  CHECK(keeper.decide(refused).answer == UnitAnswer::conflict);
  CHECK(keeper.decide(ask(kBob, ReserveUnit{})).answer == UnitAnswer::good);
}

TEST_CASE("what changes nothing is no news and takes no number") {
  UnitKeeper keeper(3);
  Asker ask;
  CHECK(keeper.decide(ask(kAlice, ReserveUnit{})).news->serial == 1);
  CHECK_FALSE(keeper.decide(ask(kAlice, ReserveUnit{})).news);
  CHECK_FALSE(keeper.decide(ask(kBob, ReserveUnit{})).news);
  CHECK(keeper.decide(ask(kAlice, ReleaseUnit{})).news->serial == 2);
}

TEST_CASE("generations begin with the term") {
  UnitKeeper keeper(3);
  Asker ask;
  const auto decision = keeper.decide(ask(kAlice, ReserveUnit{}));
  CHECK(decision.news->view.generation == 0x3'0000'0001);
  CHECK(term_of(decision.news->view.generation) == 3);
}

TEST_CASE("answers are remembered for as many changes as may be asked again") {
  UnitKeeper keeper(1);
  Asker ask;
  const ChangeRequest first = ask(kAlice, enrol(1));
  keeper.decide(first);
  for (std::size_t i = 1; i < kRecentAnswers; ++i) keeper.decide(ask(kAlice, enrol(1)));
  CHECK_FALSE(keeper.decide(first).news);
}

TEST_CASE("a pull tells units that have changed, a few at a time, in order of images") {
  UnitKeeper keeper(1);
  Asker ask;
  std::vector<InitiatorPort> many;
  for (std::uint64_t isid = 1; isid < unit::kMaxRegistrations; ++isid) many.push_back({"iqn.many", isid});
  for (const std::uint64_t image : {9u, 5u, 7u}) {
    keeper.decide(ask(kAlice, {PersistentReserveOut{.action_key = 1, .ports = many}}, ImageId{image}));
  }
  keeper.decide(ask(kAlice, ReleaseUnit{}, ImageId{6}));  // which does nothing
  std::vector<ImageId> images;
  for (ImageId after;; after = images.back()) {
    const PulledUnits pulled = keeper.pull(after);
    CHECK(encode(UnitReply(pulled)).size() < routing::kMaxControlBytes);
    for (const auto& unit : pulled.units) images.push_back(unit.image);
    if (!pulled.more) break;
    REQUIRE_FALSE(pulled.units.empty());
  }
  CHECK(images == std::vector{ImageId{5}, ImageId{7}, ImageId{9}});
}

TEST_CASE("a unit with all that it may have fits a message") {
  UnitKeeper keeper(1);
  Asker ask;
  const std::string name(223, '%');  // escaped: three bytes each
  std::vector<InitiatorPort> many;
  for (std::uint64_t isid = 2; isid < unit::kMaxRegistrations; ++isid) many.push_back({name, isid});
  keeper.decide(ask({name, 1}, PersistentReserveOut{.action_key = 2, .ports = many}));
  PersistentReserveOut out{.action_key = 1};
  keeper.decide(ask(kAlice, out));
  out = {.action = PersistentReserveOut::Action::reserve, .type = ReservationType::write_exclusive, .key = 1};
  keeper.decide(ask(kAlice, out));
  out.action = PersistentReserveOut::Action::preempt_and_abort;
  for (std::size_t i = 0; i < 2 * kRecentChanges; ++i) {  // changes the type, of which everybody hears
    const bool even = i % 2 == 0;
    out.type = even ? ReservationType::exclusive_access : ReservationType::write_exclusive;
    out.action_key = i + 1 < 2 * kRecentChanges ? 1 : 2;  // and the last one removes all others
    const auto decision = keeper.decide(ask(kAlice, out));
    REQUIRE(decision.news);
    CHECK(encode(UnitRequest(AdoptRequest{1, *decision.news})).size() <= routing::kMaxControlBytes);
    CHECK(encode(UnitReply(keeper.pull(ImageId{}))).size() <= routing::kMaxControlBytes);
  }
}

// ---- the follower

TEST_CASE("a follower goes by what comes in order, and hears each change once") {
  UnitKeeper keeper(1);
  UnitFollower follower(1);
  Asker ask;
  const auto first = keeper.decide(ask(kAlice, enrol(1))).news.value();
  const auto second = keeper.decide(ask(kBob, ResetUnit{})).news.value();
  CHECK(follower.adopt(first).size() == 1);
  CHECK(follower.adopt(second) == std::vector{second.recent.back().consequences});
  CHECK(follower.view() == second.view);
  CHECK(follower.adopt(second).empty());
  CHECK(follower.adopt(first).empty());  // late
  CHECK(follower.view() == second.view);
}

TEST_CASE("a follower that missed a few changes hears them all from a pull") {
  UnitKeeper keeper(1);
  UnitFollower follower(1);
  Asker ask;
  follower.adopt(keeper.decide(ask(kAlice, enrol(1))).news.value());
  std::vector<unit::Consequences> missed;
  for (std::size_t i = 0; i < kRecentChanges; ++i) {
    missed.push_back(keeper.decide(ask(kBob, ResetUnit{})).news->recent.back().consequences);
  }
  CHECK(follower.adopt(keeper.pull(ImageId{}).units.at(0)) == missed);
}

TEST_CASE("a follower with a gap tells everybody and lets nothing of before go on") {
  UnitKeeper keeper(1);
  UnitFollower follower(1);
  Asker ask;
  keeper.decide(ask(kAlice, enrol(1)));
  const auto second = keeper.decide(ask(kBob, ResetUnit{})).news.value();
  const auto consequences = follower.adopt(second);
  REQUIRE(consequences.size() == 2);
  CHECK(consequences[0].announcements.at(0).attention == kPowerOn);
  CHECK(consequences[0].announcements.at(0).audience.includes(kAlice));
  CHECK(consequences[0].aborted.includes(kAlice));
  CHECK(consequences[1] == second.recent.back().consequences);
  CHECK(follower.view() == second.view);
}

TEST_CASE("a nexus that moves hears from any member what it has missed, unless that is not known any more") {
  UnitKeeper keeper(1);
  UnitFollower here(1), there(1);
  Asker ask;
  const UnitMoment begun = here.moment();
  const auto reset = keeper.decide(ask(kBob, ResetUnit{})).news.value();
  here.adopt(reset);
  there.adopt(reset);
  const std::vector<UnitAttention> kTold{{0x29, 0x03}}, kUnknown{kPowerOn};
  CHECK(here.moment() != begun);
  CHECK(there.missed(kAlice, begun) == kTold);
  CHECK(there.missed(kAlice, here.moment()).empty());
  keeper.decide(ask(kAlice, ResetUnit{}));  // of which `there` does not hear
  there.adopt(keeper.decide(ask(kAlice, ResetUnit{})).news.value());
  CHECK(there.missed(kAlice, here.moment()) == kUnknown);
  CHECK(there.missed(kAlice, there.moment()).empty());
  there.begin_term(2);
  CHECK(there.missed(kAlice, here.moment()) == kUnknown);
}

TEST_CASE("with a new term nothing is left of the old one, and everybody hears so") {
  UnitKeeper keeper(1);
  UnitFollower follower(1);
  Asker ask;
  follower.adopt(keeper.decide(ask(kAlice, ReserveUnit{})).news.value());
  const auto consequences = follower.begin_term(2);
  CHECK(consequences.announcements.at(0).attention == kPowerOn);
  CHECK(consequences.announcements.at(0).audience.includes(kBob));
  CHECK(consequences.aborted == unit::Audience{});
  CHECK(follower.view() == first_view(2));
  UnitKeeper successor(2);
  CHECK(follower.adopt(successor.decide(ask(kBob, ReserveUnit{})).news.value()).size() == 1);
  CHECK(follower.view().reserved_by == kBob);
}
