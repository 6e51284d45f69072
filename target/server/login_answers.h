// What the ports decide about a login, in the words of the login machine. Pure.
#pragma once

#include <string>
#include <vector>

#include "target/base/random.h"
#include "target/iscsi/discovery.h"
#include "target/iscsi/login.h"
#include "target/ports/login_policy.h"
#include "target/ports/session_registry.h"
#include "target/ports/target_catalog.h"

namespace shoal::server {

// `unit`: what the catalog has under the name that was asked for; null in discovery or where there is no such target.
// `random` gives CHAP's challenge, where there is one.
iscsi::LoginAnswer placed(const LoginDecision& decision, bool discovery, const LogicalUnit* unit, Random& random);
iscsi::LoginAnswer refused(LoginRefusal why);
iscsi::LoginAnswer claimed(const Result<NexusClaim, ClaimError>& claim);

// SendTargets: `name` empty asks for all.
std::vector<iscsi::TargetRecord> target_records(const std::vector<TargetListing>& listings, const std::string& name);

// For the log: "serve", "redirect:127.0.0.1:3261", ...
std::string to_string(const LoginDecision& decision);

}  // namespace shoal::server
