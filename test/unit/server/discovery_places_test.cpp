#include "target/server/target_server.h"
#include "test/unit/server/server_rig.h"

namespace shoal::test {
namespace {

TEST_CASE("discovery sessions that stay do not keep out hosts that log in, nor end those that have") {
  ServerRig rig;
  rig.config.limits.connections = 8;
  rig.start();
  Host there(rig);
  there.log_in();
  std::vector<std::unique_ptr<Host>> strangers;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    strangers.push_back(std::make_unique<Host>(rig, kIsid + i, "10.0.0.66"));
    strangers.back()->discover();
  }
  Host host(rig, kIsid + 100);
  host.log_in();
  CHECK(strangers[0]->wire->closed);
  CHECK_FALSE(strangers[19]->wire->closed);
  CHECK_FALSE(there.wire->closed);
  CHECK(rig.server().counters().discovery_sessions == 6);
  CHECK(rig.server().counters().half_open == 0);
}

TEST_CASE("one address has no more discovery sessions than connections that log in; who asked last stays") {
  ServerRig rig;
  rig.config.limits.admission.half_open_per_address = 2;
  rig.start();
  Host one(rig), two(rig, kIsid + 1);
  one.discover();
  two.discover();
  one.ask_for_targets();
  Host three(rig, kIsid + 2);
  three.discover();
  CHECK(two.wire->closed);
  CHECK_FALSE(one.wire->closed);
  CHECK_FALSE(three.wire->closed);
  CHECK(rig.server().counters().discovery_sessions == 2);
}

TEST_CASE("answers to SendTargets that are not taken are bounded, and gone when they are taken") {
  ServerRig rig;
  rig.catalog.others = 1000;  // 60 KiB of text
  rig.config.limits.admission.login_bytes_per_address = 100'000;
  rig.start();
  constexpr std::uint32_t kPage = 30'000;
  Host takes(rig), waits(rig, kIsid + 1), late(rig, kIsid + 2);
  takes.discover(kPage);
  const iscsi::TextRequest request = takes.ask_for_targets();
  for (std::vector<Answer> pages = takes.answers(); !pages.back().as<iscsi::TextResponse>()->final;
       pages = takes.answers()) {
    iscsi::TextRequest more = takes.numbers.text(pages.back().as<iscsi::TextResponse>()->transfer);
    more.task = request.task;
    takes.add(more);
    takes.send();
    rig.runtime.settle();
  }
  waits.discover(kPage);
  waits.ask_for_targets();
  CHECK_FALSE(waits.wire->closed);
  late.discover(kPage);
  late.ask_for_targets();
  CHECK_FALSE(takes.wire->closed);
  CHECK(waits.wire->closed != late.wire->closed);
}

TEST_CASE("a discovery session that asks nothing for 30 s is closed, also one that answers pings") {
  ServerRig rig;
  rig.config.connection.ping_interval = 10s;
  rig.start();
  Host host(rig);
  host.discover();
  const auto pass_answering = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      rig.runtime.pass_time(1s);
      rig.runtime.settle();
      for (const Answer& answer : host.answers()) {
        if (const auto* ping = answer.as<iscsi::NopIn>()) host.add(host.numbers.pong(*ping));
      }
      host.send();
      rig.runtime.settle();
    }
  };
  pass_answering(20);
  host.ask_for_targets();
  pass_answering(29);
  CHECK_FALSE(host.wire->closed);
  pass_answering(2);
  CHECK(host.wire->closed);
  CHECK(rig.server().counters().discovery_sessions == 0);
}

}  // namespace
}  // namespace shoal::test
