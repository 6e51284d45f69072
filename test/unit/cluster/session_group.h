// SessionGroup: members with their GroupSessions, one metadata store and a network between them, in virtual time. Hosts
// are one line.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/followed_listing.h"
#include "cluster/group_sessions.h"
#include "cluster/nexus_record.h"
#include "test/unit/cluster/fake_meta.h"
#include "test/unit/cluster/virtual_runtime.h"

namespace shoal::test {

using namespace cluster;

// One login and the session that it becomes.
struct FakeSession final : SessionControl {
  enum class Ends { at_once, never } ends = Ends::at_once;
  std::optional<NexusClaim> claim;
  std::optional<ClaimError> refused;
  bool ended = false;
  std::vector<Completion<>> waiting;
  std::function<void()> on_end = [] {};

  bool answered() const { return claim || refused; }
  bool live() const { return claim && !ended; }
  void end(const std::string&, Completion<> done) override {
    ended = true;
    on_end();
    if (ends == Ends::at_once) return done();
    waiting.push_back(std::move(done));
  }
  void drop_after_tasks(const std::string&, Completion<>, Completion<>) override {}
  void request_logout(Duration, const std::string&) override {}
  void raise_unit_attention(UnitAttention) override {}
};

class SessionGroup {
 public:
  struct Member;

  struct Call {
    Completion<Result<std::string, routing::PeerError>> done;
    std::unique_ptr<Timer> timer;
    void answer(Result<std::string, routing::PeerError> result) {
      timer.reset();
      if (auto then = std::exchange(done, {})) then(std::move(result));
    }
  };

  // The links between members.
  class Channel final : public routing::PeerChannel {
   public:
    Channel(SessionGroup& group, MemberId self) : group_(group), self_(self) {}
    void request(MemberId to, routing::ControlKind, std::string body, Duration timeout,
                 Completion<Result<std::string, routing::PeerError>> done) override {
      ++requests;
      group_.request(self_, to, std::move(body), timeout, std::move(done));
    }
    void serve(routing::ControlKind, Handler handler_) override { handler = std::move(handler_); }
    bool connected(MemberId other) const override { return group_.linked(self_, other); }
    Handler handler;
    int requests = 0;

   private:
    SessionGroup& group_;
    MemberId self_;
  };

  struct Member {
    std::unique_ptr<MetaDoor> door;
    std::unique_ptr<Channel> channel;
    std::unique_ptr<Members> members;
    std::unique_ptr<GroupSessions> sessions;
    std::vector<routing::Fence> fences;  // that it asked the owners for
    bool owners_answer = true;
  };

  explicit SessionGroup(std::uint32_t count = 3, std::uint64_t seed = 1) : runtime(seed) {
    meta.put(gate_key(kImage), encode(ImageGate{}));
    for (std::uint32_t id = 1; id <= count; ++id) start(MemberId{id});
    runtime.run_for(1s);
  }

  Member& member(MemberId id) { return members.at(id); }
  Member& member(std::uint32_t id) { return members.at(MemberId{id}); }

  void start(MemberId id) {
    Member& member = members[id];
    member.door = std::make_unique<MetaDoor>(runtime, meta);
    member.channel = std::make_unique<Channel>(*this, id);
    MemberRecord record;
    record.id = id;
    member.members = std::make_unique<Members>(runtime, *member.door, record, Log());
    const auto fence = [&member, this](const routing::Fence& fence, Duration within, Completion<> done) {
      member.fences.push_back(fence);
      if (member.owners_answer) return runtime.post(std::move(done));
      late_fences.push_back(runtime.after(within, std::move(done)));
    };
    member.sessions =
        std::make_unique<GroupSessions>(runtime, *member.door, *member.members, member.channel.get(), fence, Log());
    member.members->join([&member] { member.sessions->load([] {}); });
  }
  bool linked(MemberId a, MemberId b) const {
    return members.contains(a) && members.contains(b) && !cut.contains(a) && !cut.contains(b);
  }
  void request(MemberId from, MemberId to, std::string body, Duration timeout,
               Completion<Result<std::string, routing::PeerError>> done) {
    auto call = calls.emplace_back(std::make_shared<Call>(Call{std::move(done), nullptr}));
    call->timer = runtime.after(timeout, [call = call.get()] { call->answer(routing::PeerError::timed_out); });
    runtime.post([this, from, to, body = std::move(body), call]() mutable {
      if (!linked(from, to)) return call->answer(routing::PeerError::unreachable);
      member(to).channel->handler(from, std::move(body), [call](std::string reply) { call->answer(std::move(reply)); });
    });
  }

  // Its sessions die with it.
  void kill(std::uint32_t id) {
    members.at(MemberId{id}).sessions.reset();
    members.at(MemberId{id}).members.reset();
    members.erase(MemberId{id});
  }
  void restart(std::uint32_t id) {
    kill(id);
    start(MemberId{id});
    runtime.run_for(1s);
  }

  FakeSession& begin_login(std::uint32_t id, const NexusName& name) {
    FakeSession& session = *logins.emplace_back(std::make_unique<FakeSession>());
    member(id).sessions->claim(name, session, [&session](Result<NexusClaim, ClaimError> result) {
      if (result) session.claim = *result;
      if (!result) session.refused = result.error();
    });
    return session;
  }
  FakeSession& login(std::uint32_t id, const NexusName& name, Duration wait = 500ms) {
    FakeSession& session = begin_login(id, name);
    runtime.run_until([&] { return session.answered(); }, wait);
    return session;
  }
  void logout(std::uint32_t id, FakeSession& session, const NexusMemory& memory = {}) {
    session.ended = true;
    member(id).sessions->release(session.claim->id, session.claim->generation, memory);
    runtime.settle();
  }
  std::optional<NexusRecord> record(const NexusName& name) const {
    const auto value = meta.value(nexus_key(name));
    return value ? decode_nexus(nexus_key(name), *value) : std::nullopt;
  }
  ImageGate gate() const { return *decode_gate(*meta.value(gate_key(kImage))); }

  static constexpr ImageId kImage{7};
  static NexusName nexus(std::uint64_t isid = 0x23d000000) { return {kImage, 1, "iqn.2026-11.host:a", isid}; }

  VirtualRuntime runtime;
  FakeMeta meta;
  std::vector<std::shared_ptr<Call>> calls;
  std::map<MemberId, Member> members;
  std::set<MemberId> cut;  // no link to these
  std::vector<std::unique_ptr<FakeSession>> logins;
  std::vector<std::unique_ptr<Timer>> late_fences;
};

}  // namespace shoal::test
