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

std::optional<iscsi::ChapDemand> demand(const std::optional<ChapCredentials>& credentials, Random& random) {
  if (!credentials) return std::nullopt;
  iscsi::ChapDemand demand{*credentials};
  random.fill(std::as_writable_bytes(std::span(&demand.identifier, 1)));
  random.fill(demand.challenge);
  return demand;
}

}  // namespace

iscsi::LoginAnswer refused(LoginRefusal why) { return iscsi::Refused{status_of(why)}; }

iscsi::LoginAnswer placed(const LoginDecision& decision, bool discovery, const LogicalUnit* unit, Random& random) {
  if (const auto* refuse = std::get_if<RefuseLogin>(&decision.what)) return refused(refuse->why);
  if (std::holds_alternative<Unavailable>(decision.what)) return iscsi::Refused{LoginStatus::service_unavailable};
  iscsi::Serve serve;
  // A discovery session sees the portal that it asked, wherever the policy would rather have it.
  const auto* redirect = std::get_if<RedirectTo>(&decision.what);
  if (redirect && !discovery) {
    const iscsi::Redirected elsewhere{redirect->address.to_string()};
    if (!redirect->after_chap) return elsewhere;
    serve.then = elsewhere;
  }
  if (!discovery && !unit) return refused(LoginRefusal::not_found);
  if (unit) serve.portal_group_tag = unit->portal_group_tag;
  const auto* here = std::get_if<ServeHere>(&decision.what);
  serve.chap = demand(here ? here->chap : redirect->after_chap, random);
  return serve;
}

iscsi::LoginAnswer claimed(const Result<NexusClaim, ClaimError>& claim) {
  if (claim) return iscsi::Claimed{claim->tsih};
  switch (claim.error()) {
    case ClaimError::unavailable: return iscsi::Refused{LoginStatus::service_unavailable};
    case ClaimError::gone: return refused(LoginRefusal::not_found);
    case ClaimError::exhausted: return refused(LoginRefusal::out_of_resources);
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
