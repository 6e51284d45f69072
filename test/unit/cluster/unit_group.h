// UnitGroup: members with their UnitStates, one metadata store and a network between them, in virtual time. What the
// nexuses at each member have to hear and to suffer is written down; ends of tasks may be held.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/keeper_record.h"
#include "cluster/unit_states.h"
#include "test/unit/cluster/fake_meta.h"
#include "test/unit/cluster/virtual_runtime.h"

namespace shoal::test {

using namespace cluster;

class UnitGroup {
 public:
  struct Call {
    MemberId from, to;
    Completion<Result<std::string, routing::PeerError>> done;
    std::unique_ptr<Timer> timer;
    void answer(Result<std::string, routing::PeerError> result) {
      timer.reset();
      if (auto then = std::exchange(done, {})) then(std::move(result));
    }
  };

  class Channel final : public routing::PeerChannel {
   public:
    Channel(UnitGroup& group, MemberId self) : group_(group), self_(self) {}
    void request(MemberId to, routing::ControlKind, std::string body, Duration timeout,
                 Completion<Result<std::string, routing::PeerError>> done) override {
      group_.request(self_, to, std::move(body), timeout, std::move(done));
    }
    void serve(routing::ControlKind, Handler handler_) override { handler = std::move(handler_); }
    bool connected(MemberId other) const override { return group_.linked(self_, other); }
    Handler handler;

   private:
    UnitGroup& group_;
    MemberId self_;
  };

  struct Member {
    std::unique_ptr<MetaDoor> door;
    std::unique_ptr<Channel> channel;
    std::unique_ptr<Members> members;
    std::unique_ptr<UnitStates> states;
    bool serves = false;
    std::vector<MemberId> overdue;  // whose views it told to wait for
    std::vector<unit::Consequences> suffered;
    std::vector<std::uint64_t> generations;
    bool holds = false;  // what the tasks that end do
    std::vector<Completion<>> held;
    void let_go() {
      holds = false;
      for (auto& done : std::exchange(held, {})) done();
    }
    bool heard(UnitAttention attention, const InitiatorPort& port) const {
      for (const auto& each : suffered) {
        for (const auto& one : each.announcements) {
          if (one.attention == attention && one.audience.includes(port)) return true;
        }
      }
      return false;
    }
  };

  explicit UnitGroup(std::uint32_t count = 3) {
    for (std::uint32_t id = 1; id <= count; ++id) start(id);
    runtime.run_for(2s);
    for (auto& [id, member] : members) member.suffered.clear();  // of the first term, which nobody was there to hear
  }
  ~UnitGroup() {
    for (auto& [id, member] : members) member.states.reset();
  }

  Member& member(std::uint32_t id) { return members.at(MemberId{id}); }
  const UnitView& view(std::uint32_t id) { return member(id).states->open(kImage)->view(); }

  void start(std::uint32_t number) {
    const MemberId id{number};
    Member& member = members[id];
    member.door = std::make_unique<MetaDoor>(runtime, meta);
    member.channel = std::make_unique<Channel>(*this, id);
    MemberRecord record;
    record.id = id;
    member.members = std::make_unique<Members>(runtime, *member.door, record, Log());
    const auto adopted = [&member](ImageId, std::uint64_t generation, const std::vector<unit::Consequences>& news,
                                   Completion<> done) {
      member.generations.push_back(generation);
      member.suffered.insert(member.suffered.end(), news.begin(), news.end());
      member.holds ? member.held.push_back(std::move(done)) : done();
    };
    member.states =
        std::make_unique<UnitStates>(runtime, *member.door, *member.members, member.channel.get(), adopted, Log());
    member.states->open(kImage);
    member.members->on_change([&member] { member.states->on_members(); });
    member.members->join([&member, this, id] {
      member.states->start([&member] { member.serves = true; },
                           [&member](MemberId keeper) { member.overdue.push_back(keeper); });
      link_up(id);
    });
  }

  // Without a word. Its hint in the metadata goes some time later: expire().
  void kill(std::uint32_t id) {
    cut(id);
    members.at(MemberId{id}).states.reset();
    members.at(MemberId{id}).members.reset();
    members.erase(MemberId{id});
    cut_off.erase(MemberId{id});
  }
  void expire(std::uint32_t id) {
    const std::string key = "/c/live/" + std::to_string(id);
    meta.cas({{key, meta.revision_of(key)}}, {{key, std::nullopt}});
  }
  void cut(std::uint32_t id) {
    cut_off.insert(MemberId{id});
    for (const auto& call : std::vector(calls)) {
      if (!linked(call->from, call->to)) call->answer(routing::PeerError::unreachable);
    }
    runtime.settle();
  }
  void heal(std::uint32_t id) {
    cut_off.erase(MemberId{id});
    link_up(MemberId{id});
    runtime.settle();
  }

  bool linked(MemberId a, MemberId b) const {
    return members.contains(a) && members.contains(b) && !cut_off.contains(a) && !cut_off.contains(b);
  }
  void link_up(MemberId id) {
    for (auto& [other, member] : members) {
      if (other == id || !linked(id, other)) continue;
      member.states->on_link_up(id);
      members.at(id).states->on_link_up(other);
    }
  }

  void request(MemberId from, MemberId to, std::string body, Duration timeout,
               Completion<Result<std::string, routing::PeerError>> done) {
    std::erase_if(calls, [](const auto& call) { return !call->done; });
    auto call = calls.emplace_back(std::make_shared<Call>(Call{from, to, std::move(done), nullptr}));
    call->timer = runtime.after(timeout, [call = call.get()] { call->answer(routing::PeerError::timed_out); });
    runtime.post([this, from, to, body = std::move(body), call]() mutable {
      const bool lost_view = body.starts_with("{\"adopt\"") && lost_views_to.contains(to);
      const bool lost_pull = body.starts_with("{\"pull\"") && lost_pulls[from] > 0 && lost_pulls[from]-- > 0;
      if (!linked(from, to) || lost_view || lost_pull) return call->answer(routing::PeerError::unreachable);
      auto& handler = members.at(to).channel->handler;
      if (!handler) return call->answer(routing::PeerError::refused);
      handler(from, std::move(body), [this, from, call](std::string reply) {
        if (lost_answers_to.erase(from) > 0) return call->answer(routing::PeerError::timed_out);
        call->answer(std::move(reply));
      });
    });
  }

  // The answer, once there is one.
  std::shared_ptr<std::optional<UnitAnswer>> begin(std::uint32_t at, const InitiatorPort& from, UnitChange change) {
    auto answer = std::make_shared<std::optional<UnitAnswer>>();
    member(at).states->open(kImage)->change(from, std::move(change), [answer](UnitAnswer given) { *answer = given; });
    runtime.settle();
    return answer;
  }
  UnitAnswer change(std::uint32_t at, const InitiatorPort& from, UnitChange change) {
    const auto answer = begin(at, from, std::move(change));
    runtime.run_until([&] { return answer->has_value(); }, 60s);
    return answer->value();
  }
  std::optional<KeeperRecord> keeper() const {
    const auto value = meta.value(std::string(kKeeperKey));
    return value ? decode_keeper(*value) : std::nullopt;
  }

  static constexpr ImageId kImage{7};

  VirtualRuntime runtime;
  FakeMeta meta;
  std::vector<std::shared_ptr<Call>> calls;
  std::map<MemberId, Member> members;
  std::set<MemberId> cut_off;
  std::set<MemberId> lost_answers_to;  // the next one to each
  std::set<MemberId> lost_views_to;    // all that the keeper sends
  std::map<MemberId, int> lost_pulls;  // so many of each
};

}  // namespace shoal::test
