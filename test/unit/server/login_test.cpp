#include "target/iscsi/discovery.h"
#include "test/unit/server/server_rig.h"

namespace shoal::test {
namespace {

std::string value_of(const Answer& answer, std::string_view key) {
  const iscsi::TextKeys keys = answer.keys();
  const std::string* value = keys.find(key);
  return value ? *value : "";
}

TEST_CASE("the policy hears who asks for what, at which address") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  REQUIRE(rig.policy.queries.size() == 1);
  const LoginQuery& query = rig.policy.queries[0];
  CHECK(query.initiator_name == kInitiatorName);
  CHECK(query.target_name == kTargetName);
  CHECK(query.isid == kIsid);
  CHECK(query.local == host.wire->local);
  CHECK(query.peer == host.wire->peer);
}

TEST_CASE("a redirected login gets its address, then a half-close, and goes when the host has closed") {
  ServerRig rig;
  rig.policy.answer = RedirectTo{{"10.0.0.2", 3261}};
  rig.start();
  Host host(rig);
  host.ask_login();
  rig.runtime.settle();
  const auto answers = host.answers();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].as<iscsi::LoginResponse>()->status == iscsi::LoginStatus::moved_temporarily);
  CHECK(value_of(answers[0], "TargetAddress") == "10.0.0.2:3261");
  CHECK(host.wire->half_closed);
  CHECK_FALSE(host.wire->closed);
  host.wire->fin = true;
  host.send();
  rig.runtime.settle();
  CHECK(host.wire->closed);
  CHECK(rig.server().counters().redirects == 1);
  CHECK(rig.registry.granted.empty());
}

TEST_CASE("a refused login is told why") {
  ServerRig rig;
  rig.policy.answer = RefuseLogin{LoginRefusal::not_authorised};
  rig.start();
  Host host(rig);
  host.ask_login();
  CHECK(host.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::authorization_failure);
  CHECK(rig.server().counters().refused_logins == 1);
}

TEST_CASE("an unknown target is not found") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.ask_login(
      joined(without(security_keys(kInitiatorName, "iqn.2026-01.shoal:nothing"), "AuthMethod"), operational_keys()));
  CHECK(host.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::not_found);
}

TEST_CASE("a nexus that cannot be claimed is refused for now") {
  ServerRig rig;
  rig.registry.error = ClaimError::unavailable;
  rig.start();
  Host host(rig);
  host.ask_login();
  CHECK(host.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::service_unavailable);
  CHECK(rig.server().sessions().empty());
}

TEST_CASE("full feature phase begins when the claim is answered, not before") {
  ServerRig rig;
  rig.registry.held = true;
  rig.start();
  Host host(rig);
  host.ask_login();
  rig.runtime.settle();
  CHECK(host.answers().empty());
  CHECK(rig.server().sessions().empty());
  rig.registry.answer_held();
  CHECK(host.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::success);
  REQUIRE(rig.server().sessions().size() == 1);
  CHECK(rig.server().sessions()[0].nexus.initiator_name == kInitiatorName);
}

TEST_CASE("a claim that is granted after the host has gone is released again") {
  ServerRig rig;
  rig.registry.held = true;
  rig.start();
  Host host(rig);
  host.ask_login();
  rig.runtime.settle();
  host.wire->broken = true;
  host.send();
  rig.runtime.settle();
  CHECK(host.wire->closed);
  rig.registry.answer_held();
  rig.runtime.settle();
  CHECK(rig.registry.granted.size() == 1);
  CHECK(rig.registry.released == rig.registry.granted);
}

TEST_CASE("an answer of the policy that comes after the host has gone does nothing") {
  ServerRig rig;
  rig.policy.held = true;
  rig.start();
  Host host(rig);
  host.ask_login();
  rig.runtime.settle();
  host.wire->broken = true;
  host.send();
  rig.runtime.settle();
  rig.policy.waiting[0]({ServeHere{}, "late"});
  rig.runtime.settle();
  CHECK(rig.server().counters().connections == 0);
}

TEST_CASE("a login that nobody answers ends at its time limit, with an answer") {
  ServerRig rig;
  rig.policy.held = true;
  rig.start();
  Host host(rig);
  host.ask_login();
  rig.runtime.pass_time(15s);
  CHECK(host.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::service_unavailable);
  rig.runtime.pass_time(rig.config.connection.linger);
  CHECK(host.wire->closed);
}

// ---- limits

TEST_CASE("beyond the limit of sessions a login is out of resources, but who has one may come back") {
  ServerRig rig;
  rig.config.limits.sessions = 1;
  rig.start();
  Host first(rig);
  first.log_in();
  Host second(rig, kIsid + 1);
  second.ask_login();
  CHECK(second.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::out_of_resources);
  Host again(rig);
  again.log_in();
  CHECK(rig.server().sessions().size() == 1);
}

namespace {

const auto kWrongTarget =
    with(joined(without(security_keys(), "AuthMethod"), operational_keys()), "TargetName", "iqn.2026-01.shoal:nowhere");

iscsi::LoginStatus fail_login(ServerRig& rig, const std::string& address) {
  Host host(rig, kIsid, address);
  host.ask_login(kWrongTarget);
  return host.answer<iscsi::LoginResponse>().status;
}

}  // namespace

TEST_CASE("an address from which too many logins fail waits for its turn, others do not") {
  ServerRig rig;
  rig.config.limits.failed_logins_per_minute = 60;
  rig.start();
  for (int i = 0; i < 60; ++i) CHECK(fail_login(rig, "10.0.0.7") == iscsi::LoginStatus::not_found);
  Host waits(rig, kIsid, "10.0.0.7"), other(rig, kIsid + 1, "10.0.0.8");
  other.log_in();
  waits.ask_login();
  rig.runtime.settle();
  CHECK(waits.answers().empty());
  rig.runtime.pass_time(1s);
  CHECK(waits.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::success);
  CHECK(rig.server().counters().delayed_logins == 1);
}

TEST_CASE("a login that would wait for long is told to try again, and one that goes away while it waits is no harm") {
  ServerRig rig;
  rig.config.limits.failed_logins_per_minute = 60;
  rig.start();
  for (int i = 0; i < 60; ++i) fail_login(rig, "10.0.0.7");
  std::vector<std::unique_ptr<Host>> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.push_back(std::make_unique<Host>(rig, kIsid, "10.0.0.7"));
    waiting.back()->ask_login();
    rig.runtime.settle();
  }
  CHECK(fail_login(rig, "10.0.0.7") == iscsi::LoginStatus::out_of_resources);
  for (const auto& host : waiting) {
    host->wire->fin = true;
    host->send();
  }
  rig.runtime.pass_time(10s);
  CHECK(rig.server().counters().half_open == 0);
}

TEST_CASE("of two hosts that use one name the one that is served stays") {
  ServerRig rig;
  rig.start();
  std::unique_ptr<Host> served;
  const auto log_in_from = [&](const char* address) {
    auto host = std::make_unique<Host>(rig, kIsid, address);
    host->ask_login();
    const auto status = host->answer<iscsi::LoginResponse>().status;
    if (status == iscsi::LoginStatus::success) served = std::move(host);
    return status;
  };
  CHECK(log_in_from("10.0.0.1") == iscsi::LoginStatus::success);
  for (const char* address : {"10.0.0.2", "10.0.0.1", "10.0.0.2"}) {
    CHECK(log_in_from(address) == iscsi::LoginStatus::success);
  }
  CHECK(log_in_from("10.0.0.1") == iscsi::LoginStatus::out_of_resources);
  CHECK(rig.server().counters().shared_names == 1);
  served->wire->broken = true;  // its host has gone
  served->send();
  rig.runtime.settle();
  CHECK(log_in_from("10.0.0.1") == iscsi::LoginStatus::success);
}

// ---- reinstatement

TEST_CASE("a reinstated session waits until the tasks of the old one cannot touch data") {
  ServerRig rig;
  rig.start();
  Host old(rig);
  old.log_in();
  rig.device->held = true;
  old.add(old.read());
  old.send();
  rig.runtime.settle();
  Host again(rig);
  again.ask_login();
  rig.runtime.settle();
  CHECK(old.wire->closed);
  CHECK(again.answers().empty());
  rig.device->finish_aborts();
  CHECK(again.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::success);
  REQUIRE(rig.server().sessions().size() == 1);
  CHECK(rig.server().sessions()[0].number == 2);
}

TEST_CASE("an abort selects the generation that ends, so that it cannot hit the next session") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  host.wire->broken = true;
  host.send();
  rig.runtime.settle();
  REQUIRE(rig.device->aborts.size() == 1);
  CHECK(rig.device->aborts[0].generation == rig.registry.granted[0]);
  CHECK(rig.device->aborts[0].id == OperationId{});
}

// ---- discovery

TEST_CASE("SendTargets lists the targets at the address that was asked") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.discover();
  CHECK(rig.policy.queries[0].discovery);
  CHECK(rig.registry.granted.empty());
  host.ask_for_targets();
  const auto answers = host.answers();
  REQUIRE(answers.size() == 1);
  const std::vector<std::string> address{"10.0.0.1:3260,1"};
  CHECK(answers[0].data ==
        iscsi::targets_text({{std::string(kTargetName), address}, {"iqn.2026-01.shoal:other", address}}));
  host.add(host.numbers.logout());
  host.send();
  host.answer<iscsi::LogoutResponse>();
  rig.runtime.pass_time(rig.config.connection.logout_linger);
  CHECK(host.wire->half_closed);
}

}  // namespace
}  // namespace shoal::test
