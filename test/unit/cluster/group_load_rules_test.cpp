#include "cluster/group_load_rules.h"

#include <catch2/catch.hpp>
#include <deque>

#include "test/unit/cluster/fake_meta.h"
#include "test/unit/cluster/virtual_runtime.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;
using Catch::Contains;
using load::BalancerMode;
using load::PlacementPolicy;

namespace {

// Three members that follow the rules of one group.
struct RulesGroup {
  struct Member {
    std::unique_ptr<MetaDoor> door;
    std::unique_ptr<GroupLoadRules> rules;
    std::vector<LoadRules> told;
    bool loaded = false;
  };
  using Answer = std::optional<Result<LoadRules, LoadRulesError>>;

  RulesGroup() {
    for (int i = 0; i < 3; ++i) start();
    runtime.run_for(1s);
  }

  Member& start() {
    Member& member = members.emplace_back();
    member.door = std::make_unique<MetaDoor>(runtime, meta);
    member.rules = std::make_unique<GroupLoadRules>(runtime, *member.door, Log());
    member.rules->on_change([&member](const LoadRules& rules) { member.told.push_back(rules); });
    member.rules->load([&member] { member.loaded = true; });
    return member;
  }

  std::shared_ptr<Answer> begin(std::size_t at, ChangeLoadRules change) {
    auto answer = std::make_shared<Answer>();
    members[at].rules->change(std::move(change), [answer](auto result) { *answer = std::move(result); });
    return answer;
  }
  Answer change(std::size_t at, ChangeLoadRules change) {
    const auto answer = begin(at, std::move(change));
    runtime.run_until([&] { return answer->has_value(); });
    return *answer;
  }

  VirtualRuntime runtime;
  FakeMeta meta;
  std::deque<Member> members;
};

}  // namespace

TEST_CASE("a group to which nobody has said anything about load has the rules of the beginning") {
  RulesGroup group;
  for (auto& member : group.members) {
    CHECK(member.loaded);
    CHECK(member.rules->rules() == LoadRules{});
    CHECK(member.told == std::vector{LoadRules{}});
  }
}

TEST_CASE("a change at one member is in force at all within a second, and each is told once") {
  RulesGroup group;
  REQUIRE(group.change(1, set_policy(PlacementPolicy::affinity))->has_value());
  CHECK(group.members[1].rules->rules().policy == PlacementPolicy::affinity);
  group.runtime.run_for(1s);
  for (auto& member : group.members) {
    REQUIRE(member.told.size() == 2);
    CHECK(member.told.back().policy == PlacementPolicy::affinity);
  }
}

TEST_CASE("a member that starts later goes by the rules before it is ready") {
  RulesGroup group;
  group.change(0, set_balance(BalancerMode::off));
  auto& late = group.start();
  group.runtime.run_until([&] { return late.loaded; });
  CHECK(late.rules->rules().balance == BalancerMode::off);
}

TEST_CASE("changes at several members at once are all made") {
  RulesGroup group;
  std::vector<std::shared_ptr<RulesGroup::Answer>> answers;
  for (std::size_t at = 0; at < 3; ++at) {
    answers.push_back(group.begin(at, set_weight(MemberId{static_cast<std::uint32_t>(at + 1)}, 2)));
  }
  group.runtime.run_for(5s);
  for (const auto& answer : answers) CHECK((*answer && (*answer)->has_value()));
  for (auto& member : group.members) CHECK(member.rules->rules().weights.size() == 3);
}

TEST_CASE("a change whose answer is lost is made once") {
  RulesGroup group;
  int calls = 0;  // it reads, then it writes
  group.members[0].door->fault = [&](int) { return ++calls == 2 ? Fault::answer_lost : Fault::none; };
  REQUIRE(group.change(0, pin({"iqn.x:*", std::nullopt, MemberId{2}}))->has_value());
  CHECK(group.members[0].rules->rules().pins.size() == 1);
}

TEST_CASE("an order that contradicts an old reading is not refused for it") {
  RulesGroup group;
  REQUIRE(group.change(0, pin({"iqn.x:a", std::nullopt, MemberId{2}}))->has_value());
  int readings = 0;
  group.members[1].door->fault = [&](int) { return ++readings == 1 ? Fault::stale : Fault::none; };
  CHECK(group.change(1, unpin("iqn.x:a", std::nullopt))->has_value());
  CHECK_THAT(group.change(1, unpin("iqn.x:a", std::nullopt))->error().text, Contains("no such pin"));
}

TEST_CASE("while metadata are away an order is answered with that, and made when they are back") {
  RulesGroup group;
  group.members[0].door->away = true;
  const auto answer = group.change(0, set_policy(PlacementPolicy::weighted));
  REQUIRE(answer.has_value());
  CHECK(answer->error().status == 503);
  group.members[0].door->away = false;
  group.runtime.run_for(20s);
  CHECK(group.members[2].rules->rules().policy == PlacementPolicy::weighted);
}

TEST_CASE("rules of another version are neither gone by nor written over") {
  RulesGroup group;
  group.change(0, set_balance(BalancerMode::observe));
  group.runtime.run_for(1s);
  group.meta.put("/l/rules", R"({"format":2})");
  group.runtime.run_for(1s);
  CHECK(group.members[1].rules->rules().balance == BalancerMode::observe);
  CHECK_THAT(group.change(1, set_balance(BalancerMode::act))->error().text, Contains("another version"));
  CHECK(group.meta.value("/l/rules") == R"({"format":2})");
}
