#include "target/server/target_server.h"

#include "test/unit/server/server_rig.h"

namespace shoal::test {
namespace {

TEST_CASE("beyond the limit of connections a new one is closed at once") {
  ServerRig rig;
  rig.config.limits.connections = 2;
  rig.start();
  Host one(rig), two(rig, kIsid + 1);
  one.log_in();
  two.log_in();
  Host three(rig, kIsid + 2);
  CHECK(three.wire->closed);
  CHECK(rig.server().counters().refused_connections == 1);
  CHECK(rig.server().counters().connections == 2);
}

TEST_CASE("beyond the limit of connections one that has not logged in makes room") {
  ServerRig rig;
  rig.config.limits.connections = 2;
  rig.start();
  Host one(rig), two(rig, kIsid + 1);
  one.log_in();
  Host three(rig, kIsid + 2);
  CHECK(two.wire->closed);
  three.log_in();
  CHECK(rig.server().counters().connections == 2);
}

TEST_CASE("beyond the limit of half-open connections the oldest that has not logged in goes") {
  ServerRig rig;
  rig.config.limits.admission.half_open = 2;
  rig.start();
  Host logged_in(rig);
  logged_in.log_in();
  Host one(rig, kIsid + 1), two(rig, kIsid + 2), three(rig, kIsid + 3);
  rig.runtime.settle();
  CHECK(one.wire->closed);
  CHECK_FALSE(two.wire->closed);
  CHECK_FALSE(logged_in.wire->closed);
  three.log_in();
  CHECK(rig.server().counters().half_open == 1);
}

TEST_CASE("sessions that are picked end, also one whose nexus is still being claimed; others go on") {
  ServerRig rig;
  rig.start();
  Host stays(rig), goes(rig, kIsid + 1), claims(rig, kIsid + 2);
  stays.log_in();
  goes.log_in();
  rig.registry.held = true;
  claims.ask_login();
  rig.runtime.settle();
  rig.server().end_sessions("denied", [](const auto& session) { return session.nexus.isid != kIsid; });
  rig.runtime.settle();
  CHECK_FALSE(stays.wire->closed);
  CHECK(goes.wire->closed);
  CHECK(claims.wire->closed);
  rig.registry.answer_held();
  rig.runtime.settle();
  CHECK(rig.registry.granted.size() == 3);
  CHECK(rig.registry.released.size() == 2);
}

TEST_CASE("a target that is not for an initiator is not found, whatever the policy says of the place") {
  ServerRig rig;
  rig.catalog.denied = std::string(kInitiatorName);
  rig.start();
  Host host(rig);
  host.ask_login();
  CHECK(host.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::not_found);
}

TEST_CASE("whoever opens connections by the thousand does not keep out a host of the same address") {
  ServerRig rig;
  rig.start();
  std::vector<std::unique_ptr<Host>> strangers;
  const auto a_thousand_more = [&] {
    for (int i = 0; i < 1000; ++i) strangers.push_back(std::make_unique<Host>(rig));
  };
  a_thousand_more();
  Host host(rig, kIsid + 1);
  host.add(security_request(), security_keys());
  host.send();
  host.answer<iscsi::LoginResponse>();
  a_thousand_more();
  host.add(operational_request(), operational_keys());
  host.send();
  CHECK(host.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::success);
  CHECK(rig.server().counters().half_open <= rig.config.limits.admission.half_open_per_address);
}

TEST_CASE("what a connection sends before it has logged in is bounded, also while a question is open") {
  ServerRig rig;
  rig.config.limits.admission.login_bytes_per_address = 100'000;
  rig.policy.held = true;
  rig.start();
  Host small(rig), large(rig, kIsid + 1);
  small.ask_login();
  large.ask_login();
  rig.runtime.settle();
  large.wire->arriving += std::string(150'000, 'x');
  large.send();
  rig.runtime.settle();
  CHECK(large.wire->closed);
  CHECK_FALSE(small.wire->closed);
}

TEST_CASE("an address that is taken is an error of listen") {
  ServerRig rig;
  CHECK(rig.start().listen({"10.0.0.1", 3260}).error() == NetError::in_use);
}

TEST_CASE("an idle server has no timer") {
  ServerRig rig;
  rig.start();
  CHECK(rig.runtime.timers() == 0);
  {
    Host host(rig);
    host.log_in();
    host.wire->broken = true;
    host.send();
    rig.runtime.settle();
  }
  CHECK(rig.runtime.timers() == 0);
}

TEST_CASE("stopping refuses new hosts, drops sessions after their tasks, and tells when all are gone") {
  ServerRig rig;
  rig.start();
  Host host(rig), stranger(rig, kIsid + 1);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  bool stopped = false;
  rig.server().stop(10s, [&] { stopped = true; });
  rig.runtime.settle();
  CHECK_FALSE(rig.runtime.listening());
  CHECK(stranger.wire->closed);
  CHECK_FALSE(stopped);
  rig.device->complete_all();
  rig.runtime.settle();
  for (const Answer& answer : host.answers()) {
    if (const auto* data = answer.as<iscsi::DataIn>()) host.numbers.acknowledge(data->numbering.stat_sn);
    if (const auto* ping = answer.as<iscsi::NopIn>()) host.add(host.numbers.pong(*ping));
  }
  host.send();
  rig.runtime.settle();
  CHECK(host.wire->half_closed);
  host.wire->fin = true;
  host.send();
  rig.runtime.settle();
  CHECK(stopped);
}

TEST_CASE("stopping does not wait longer than it may") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  bool stopped = false;
  rig.server().stop(3s, [&] { stopped = true; });
  rig.runtime.pass_time(3s);
  CHECK(stopped);
  CHECK(host.wire->closed);
}

TEST_CASE("a server without connections stops at once") {
  ServerRig rig;
  rig.start();
  bool stopped = false;
  rig.server().stop(3s, [&] { stopped = true; });
  rig.runtime.settle();
  CHECK(stopped);
}

// ---- destroyed with everything in flight

void let_all_go_on(ServerRig& rig) {
  rig.registry.answer_held();
  for (auto& one : std::exchange(rig.policy.waiting, {})) one({ServeHere{}, "late"});
  rig.device->complete_all();
  rig.device->finish_aborts();
  rig.runtime.pass_time(60s);
}

TEST_CASE("a server may be destroyed at any time, and what was asked of others may answer late") {
  for (int moment = 0; moment < 12; ++moment) {
    ServerRig rig;
    rig.start();
    Host serving(rig), ending(rig, kIsid + 1), asking(rig, kIsid + 2), claiming(rig, kIsid + 3), silent(rig, kIsid + 4);
    serving.log_in();
    ending.log_in();
    rig.device->held = true;
    for (Host* each : {&serving, &ending}) {
      each->add(each->read());
      each->add(each->numbers.manage(iscsi::TaskFunction::logical_unit_reset));
      each->add(each->read());
      each->send();
    }
    rig.registry.held = true;
    claiming.ask_login();
    rig.runtime.settle();
    rig.policy.held = true;
    asking.ask_login();
    rig.server().session(2)->end("test", [] {});
    rig.server().session(1)->drop_after_tasks(
        "test", [] {}, [] {});
    for (int i = 0; i < moment; ++i) {
      rig.runtime.turn();
      if (i == 4) rig.device->finish_aborts();
    }
    rig.stop_listening();
    let_all_go_on(rig);
    CHECK(serving.wire->closed);
    CHECK(silent.wire->closed);
    CHECK(rig.registry.released.size() >= 2);
  }
}

}  // namespace
}  // namespace shoal::test
