// VolumeGroup: members with their Volumes and GroupSessions on one metadata store, in virtual time. Orders are one
// line.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/group_identity.h"
#include "cluster/group_sessions.h"
#include "cluster/members.h"
#include "cluster/volumes.h"
#include "test/unit/cluster/session_group.h"

namespace shoal::test {

inline StoreId store(std::uint8_t n) {
  StoreId id;
  id.bytes[15] = n;
  return id;
}

// Members 1 to 3 with a file store and a memory store each.
struct VolumeGroup {
  struct Member {
    std::unique_ptr<MetaDoor> door;
    std::unique_ptr<Members> members;
    std::unique_ptr<Volumes> volumes;
    std::unique_ptr<GroupSessions> sessions;
  };

  explicit VolumeGroup(std::uint8_t count = 3) {
    for (std::uint8_t id = 1; id <= count; ++id) {
      Member& member = all.emplace_back();
      MemberRecord self;
      self.id = MemberId{id};
      self.member_portal = {"127.0.1." + std::to_string(id), 3261};
      self.stores = {{store(id), routing::StoreKind::file},
                     {store(static_cast<std::uint8_t>(100 + id)), routing::StoreKind::memory}};
      member.door = std::make_unique<MetaDoor>(runtime, meta);
      member.members = std::make_unique<Members>(runtime, *member.door, self, Log());
      member.volumes = std::make_unique<Volumes>(runtime, *member.door, *member.members, "iqn.2026-11.io.shoal", Log());
      const auto fence = [this](const auto&, Duration, Completion<> done) { runtime.post(std::move(done)); };
      member.sessions = std::make_unique<GroupSessions>(runtime, *member.door, *member.members, nullptr, fence, Log());
      member.volumes->on_busy([sessions = member.sessions.get()](ImageId image, Completion<ImageUse> done) {
        sessions->release_idle(image, std::move(done));
      });
      member.members->join([&member] {
        member.volumes->load([] {});
        member.sessions->load([] {});
      });
      runtime.run_for(1s);
    }
    runtime.run_for(1s);
  }

  // The metadata are of a group, and whoever is asked before a creation says that.
  void guard(const Census& census) {
    GroupIdentity identity{"dev", {}};
    identity.id.bytes[0] = 1;
    meta.put(kGroupKey, encode(identity));
    for (Member& member : all) {
      member.volumes->guard_creation(identity.id, [this, census](Completion<Census> done) {
        runtime.post([census, done = std::move(done)]() mutable { done(census); });
      });
    }
  }

  using Answer = Result<VolumeRecord, VolumeError>;
  std::optional<Answer> create(const std::string& name, std::uint64_t bytes = 1 << 30, std::size_t at = 0,
                               std::optional<routing::DurabilityPolicy> durability = {}) {
    VolumeRequest request;
    request.name = name;
    request.size_bytes = bytes;
    request.durability = durability;
    std::optional<Answer> answer;
    all[at].volumes->create(request, [&](Answer result) { answer = std::move(result); });
    runtime.run_until([&] { return answer.has_value(); });
    return answer;
  }
  std::optional<Answer> change(const std::string& name, Volumes::ChangeAccess change, std::size_t at = 0) {
    std::optional<Answer> answer;
    all[at].volumes->change_access(name, std::move(change), [&](Answer result) { answer = std::move(result); });
    runtime.run_until([&] { return answer.has_value(); });
    return answer;
  }
  std::optional<Answer> remove(const std::string& name, std::size_t at = 0) {
    std::optional<Answer> answer;
    all[at].volumes->remove(name, [&](Answer result) { answer = std::move(result); });
    runtime.run_until([&] { return answer.has_value(); });
    return answer;
  }
  FakeSession& login(ImageId image, std::size_t at = 0, std::uint64_t isid = 1) {
    FakeSession& session = *logins.emplace_back(std::make_unique<FakeSession>());
    all[at].sessions->claim({image, 1, "iqn.x:host", isid}, session, [&session](Result<NexusClaim, ClaimError> result) {
      if (result) session.claim = *result;
      if (!result) session.refused = result.error();
    });
    runtime.run_until([&] { return session.answered(); }, 20s);
    return session;
  }

  VirtualRuntime runtime;
  FakeMeta meta;
  std::deque<Member> all;
  std::vector<std::unique_ptr<FakeSession>> logins;
};

}  // namespace shoal::test
