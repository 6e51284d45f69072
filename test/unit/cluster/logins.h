// Logins: logins at the group portal of member 1 of three, to the volume "demo".
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/redirect_policy.h"
#include "test/unit/cluster/volume_group.h"

namespace shoal::test {

struct Logins {
  using Told = std::pair<load::LoginName, load::Placed>;

  explicit Logins(LoginRules rules = {}, load::PlacementRules placement = {load::PlacementPolicy::round_robin, {}}) {
    const auto created = group.create("demo");
    image = (*created)->image.id;
    group.runtime.run_for(1s);
    const auto& member = group.all[0];
    const auto now = [this] { return group.runtime.now(); };
    LoadSource load{[this] { return picture; }, [this](const std::string&, ImageId) { return owners; }};
    allocator = std::make_unique<Allocator>(MemberId{1}, std::move(placement), *member.sessions, std::move(load), now);
    allocator->on_allocated([this](const auto&... what) { told.emplace_back(what...); });
    policy = std::make_unique<RedirectPolicy>(
        std::move(rules), *member.members, *member.volumes, *member.sessions, *allocator,
        [this](MemberId other) { return !down.contains(other.value); },
        [this](const ChapSettings& settings) { return read(settings); }, now);
  }

  Result<ChapCredentials, std::string> read(const ChapSettings& settings) {
    ++readings;
    if (!readable) return std::string("no such file");
    return ChapCredentials{{settings.initiator.user, Secret("read from " + settings.initiator.secret_file)}, {}};
  }
  void set(const VolumeAccess& access) {
    group.change("demo", [&](VolumeAccess& found) {
      found = access;
      return std::nullopt;
    });
  }

  LoginDecision decide(const LoginQuery& query) {
    LoginDecision decision;
    policy->decide(query, [&](LoginDecision made) { decision = std::move(made); });
    return decision;
  }
  LoginDecision log_in(const std::string& initiator = "iqn.x:host", std::uint64_t isid = 1) {
    return decide({.initiator_name = initiator, .target_name = "iqn.2026-11.io.shoal:demo", .isid = isid});
  }
  LoginDecision discover() { return decide({.discovery = true, .initiator_name = "iqn.x:host"}); }

  // The member that serves it; 0: it is refused.
  std::uint32_t where(const std::string& initiator = "iqn.x:host", std::uint64_t isid = 1) {
    const LoginDecision decision = log_in(initiator, isid);
    if (std::holds_alternative<ServeHere>(decision.what)) return 1;
    const auto* redirect = std::get_if<RedirectTo>(&decision.what);
    return redirect ? static_cast<std::uint32_t>(std::stoul(redirect->address.host.substr(sizeof "127.0.1." - 1))) : 0;
  }
  std::map<std::uint32_t, int> where_all(int hosts) {
    std::map<std::uint32_t, int> counts;
    for (int host = 0; host < hosts; ++host) ++counts[where("iqn.x:host" + std::to_string(host))];
    return counts;
  }
  // The session is served by that member, and all know it.
  void serve(std::uint32_t member, const std::string& initiator, std::uint64_t isid) {
    FakeSession& session = *group.logins.emplace_back(std::make_unique<FakeSession>());
    group.all[member - 1].sessions->claim({image, kPortalGroupTag, initiator, isid}, session,
                                          [&session](Result<NexusClaim, ClaimError> result) {
                                            if (result) session.claim = *result;
                                          });
    group.runtime.run_for(1s);
  }
  // Every member is heard of and carries that much.
  void carry(std::vector<double> units) {
    load::GroupLoad load;
    for (std::size_t i = 0; i < units.size(); ++i) {
      load::MemberLoad& member = load.members[MemberId{static_cast<std::uint32_t>(i + 1)}];
      member.heard = member.ready = true;
      member.work = member.client_load = units[i];
      load.work += units[i];
    }
    picture = std::make_shared<const load::GroupLoad>(std::move(load));
  }

  VolumeGroup group;
  ImageId image;
  load::Picture picture;              // null: nothing is known
  std::map<MemberId, double> owners;  // of every host
  std::set<std::uint32_t> down;       // not in reach
  std::vector<Told> told;
  std::unique_ptr<Allocator> allocator;
  std::unique_ptr<RedirectPolicy> policy;
  bool readable = true;
  int readings = 0;
};

}  // namespace shoal::test
