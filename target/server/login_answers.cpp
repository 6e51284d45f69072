#include "target/server/login_answers.h"

namespace shoal::server {
namespace {

using iscsi::LoginStatus;

LoginStatus status_of(LoginRefusal why) {
  switch (why) {
    case LoginRefusal::not_found: return LoginStatus::not_found;
    case LoginRefusal::not_authorised: return LoginStatus::authorization_failure;
    case LoginRefusal::removed: return LoginStatus::target_removed;
    case LoginRefusal::out_of_resources: return LoginStatus::out_of_resources;
  }
  return LoginStatus::target_error;
}

iscsi::LoginAnswer serve(bool discovery, const LogicalUnit* unit) {
  if (discovery) return iscsi::Serve{};
  if (!unit) return refused(LoginRefusal::not_found);
  return iscsi::Serve{unit->portal_group_tag};
}

}  // namespace

iscsi::LoginAnswer refused(LoginRefusal why) { return iscsi::Refused{status_of(why)}; }

iscsi::LoginAnswer placed(const LoginDecision& decision, bool discovery, const LogicalUnit* unit) {
  if (const auto* refuse = std::get_if<RefuseLogin>(&decision.what)) return refused(refuse->why);
  if (std::holds_alternative<Unavailable>(decision.what)) return iscsi::Refused{LoginStatus::service_unavailable};
  const auto* redirect = std::get_if<RedirectTo>(&decision.what);
  // A discovery session sees the portal that it asked, wherever the policy would rather have it.
  if (redirect && !discovery) return iscsi::Redirected{redirect->address.to_string()};
  return serve(discovery, unit);
}

iscsi::LoginAnswer claimed(const Result<NexusClaim, ClaimError>& claim) {
  if (claim) return iscsi::Claimed{claim->tsih};
  switch (claim.error()) {
    case ClaimError::unavailable: return iscsi::Refused{LoginStatus::service_unavailable};
    case ClaimError::gone: return refused(LoginRefusal::not_found);
  }
  return iscsi::Refused{LoginStatus::target_error};
}

std::vector<iscsi::TargetRecord> target_records(const std::vector<TargetListing>& listings, const std::string& name) {
  std::vector<iscsi::TargetRecord> records;
  for (const TargetListing& listing : listings) {
    if (name.empty() || listing.name == name) records.push_back({listing.name, listing.addresses});
  }
  return records;
}

std::string to_string(const LoginDecision& decision) {
  if (const auto* redirect = std::get_if<RedirectTo>(&decision.what))
    return "redirect:" + redirect->address.to_string();
  if (std::holds_alternative<Unavailable>(decision.what)) return "unavailable";
  const auto* refuse = std::get_if<RefuseLogin>(&decision.what);
  if (!refuse) return "serve";
  switch (refuse->why) {
    case LoginRefusal::not_found: return "refuse:not_found";
    case LoginRefusal::not_authorised: return "refuse:not_authorised";
    case LoginRefusal::removed: return "refuse:removed";
    case LoginRefusal::out_of_resources: return "refuse:out_of_resources";
  }
  return "refuse";
}

}  // namespace shoal::server
