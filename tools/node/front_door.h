// FrontDoor: what the iSCSI side meets while the member behind it is not there yet, or leaves: logins are answered
// 0301, so hosts try again. The portals are open before the member has joined its group: a used address is found before
// anything is promised to others, and a host never meets a closed port just because metadata are slow.
#pragma once

#include <functional>
#include <utility>

#include "target/ports/login_policy.h"
#include "target/ports/session_registry.h"
#include "target/ports/target_catalog.h"

namespace shoal {

class FrontDoor final : public LoginPolicy, public SessionRegistry, public TargetCatalog {
 public:
  // All three outlive every session that was let in.
  void open(LoginPolicy& policy, SessionRegistry& registry, TargetCatalog& catalog) {
    policy_ = &policy, registry_ = &registry, catalog_ = &catalog;
  }
  // `is_known` is asked before a nexus is claimed here; `then` is told of each one that is granted, and of the answer.
  void on_claim(std::function<bool(const NexusName&)> is_known, std::function<void(const NexusName&, bool)> then) {
    is_known_ = std::move(is_known), on_claim_ = std::move(then);
  }
  // Sessions that are in go on; nobody else gets in.
  void close(std::string reason) { policy_ = nullptr, reason_ = std::move(reason); }

  void decide(const LoginQuery& query, Completion<LoginDecision> done) override {
    if (policy_) return policy_->decide(query, std::move(done));
    done(LoginDecision{Unavailable{}, reason_});
  }

  void claim(const NexusName& name, SessionControl& session, Completion<Result<NexusClaim, ClaimError>> done) override {
    if (!policy_) return done(ClaimError::unavailable);
    const bool known = is_known_ && is_known_(name);
    registry_->claim(name, session, [name, known, told = on_claim_, done = std::move(done)](const auto& claim) mutable {
      if (claim && told) told(name, known);
      done(claim);
    });
  }
  void release(const NexusId& id, Generation generation, NexusMemory memory) override {
    if (registry_) registry_->release(id, generation, std::move(memory));
  }

  std::vector<TargetListing> list(const Endpoint& local, const std::string& initiator_name) override {
    return catalog_ ? catalog_->list(local, initiator_name) : std::vector<TargetListing>{};
  }
  std::shared_ptr<LogicalUnit> find(const std::string& target_name, const std::string& initiator_name) override {
    return catalog_ ? catalog_->find(target_name, initiator_name) : nullptr;
  }
  std::shared_ptr<BlockDevice> device_of_session(const LogicalUnit& unit, std::uint64_t session,
                                                 const std::string& initiator_name) override {
    return catalog_ ? catalog_->device_of_session(unit, session, initiator_name) : nullptr;
  }

 private:
  LoginPolicy* policy_ = nullptr;
  SessionRegistry* registry_ = nullptr;
  TargetCatalog* catalog_ = nullptr;
  std::function<bool(const NexusName&)> is_known_;
  std::function<void(const NexusName&, bool)> on_claim_;
  std::string reason_ = "this member is starting";
};

}  // namespace shoal
