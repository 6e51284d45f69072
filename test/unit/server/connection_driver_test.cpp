#include "target/server/connection_driver.h"

#include "target/scsi/limits.h"
#include "test/unit/server/server_rig.h"

namespace shoal::test {
namespace {

TEST_CASE("twenty reads that arrive in one piece leave in one write") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  const std::size_t before = host.wire->writes.size();
  for (int i = 0; i < 20; ++i) host.add(host.read());
  host.send();
  rig.runtime.settle();
  CHECK(host.wire->writes.size() == before + 1);
  CHECK(host.answers().size() == 20);
}

TEST_CASE("operations that complete in one turn of the loop are answered in one write") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  for (int i = 0; i < 20; ++i) host.add(host.read());
  host.send();
  rig.runtime.settle();
  const std::size_t before = host.wire->writes.size();
  rig.device->complete_all();
  rig.runtime.settle();
  CHECK(host.wire->writes.size() == before + 1);
  CHECK(host.answers().size() == 20);
}

TEST_CASE("one write is outstanding; what becomes ready meanwhile leaves together in the next") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  const std::size_t before = host.wire->writes.size();
  host.wire->hold_writes = true;
  for (int i = 0; i < 5; ++i) {
    host.add(host.read());
    host.send();
    rig.runtime.settle();
  }
  CHECK(host.wire->writes.size() == before + 1);
  host.wire->hold_writes = false;
  host.send();
  rig.runtime.settle();
  CHECK(host.wire->writes.size() == before + 2);
  CHECK(host.answers().size() == 5);
}

TEST_CASE("a host that does not take its answers is not read any further") {
  ServerRig rig;
  rig.config.connection.output_bytes = 64 * 1024;
  rig.start();
  Host host(rig);
  host.log_in();
  host.wire->hold_writes = true;
  for (int i = 0; i < 100; ++i) {
    host.add(host.read());
    host.send();
    rig.runtime.settle();
  }
  CHECK_FALSE(host.wire->arriving.empty());
  host.wire->hold_writes = false;
  host.send();
  rig.runtime.settle();
  CHECK(host.answers().size() == 100);
}

TEST_CASE("what a host does not take keeps its reads from the device, and no more than that") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  host.wire->hold_writes = true;
  for (int i = 0; i < 20; ++i) host.add(host.read(0, scsi::kMaxTransferBlocks));
  host.send();
  rig.runtime.settle();
  const std::size_t holding = scsi::kMaxHeldReadBytes / (scsi::kMaxTransferBlocks * kBlockBytes);
  CHECK(rig.device->origins.size() <= holding);
  CHECK(rig.device->origins.size() >= holding - 1);  // headers leave, too
  host.wire->hold_writes = false;
  host.send();
  rig.runtime.settle();
  CHECK(rig.device->origins.size() == 20);
}

namespace {

// Hosts that ask for all that they can have, in smaller and smaller reads, and take nothing of it.
std::vector<std::unique_ptr<Host>> greedy_hosts(ServerRig& rig, std::size_t count, std::uint32_t largest_blocks) {
  std::vector<std::unique_ptr<Host>> hosts;
  std::uint32_t blocks = largest_blocks;
  while (hosts.size() < count) {
    Host& host = *hosts.emplace_back(std::make_unique<Host>(rig, kIsid + 1 + hosts.size()));
    host.log_in();
    host.wire->hold_writes = true;
    const std::size_t begun = rig.device->origins.size();
    for (int i = 0; i < 4; ++i) host.add(host.read(0, blocks));
    host.send();
    rig.runtime.settle();
    if (rig.device->origins.size() == begun) blocks /= 2;
  }
  return hosts;
}

}  // namespace

TEST_CASE("a host that takes its answers goes on reading while others hold all that they can and take nothing") {
  ServerRig rig;
  rig.config.limits.held_read_bytes = 16 << 20;
  rig.config.limits.sessions = 64;
  const std::uint32_t part = (64 << 10) / kBlockBytes;
  rig.start();
  const auto greedy = greedy_hosts(rig, 60, (8 << 20) / kBlockBytes);
  Host large(rig, kIsid + 100), good(rig, kIsid + 101);
  large.log_in();
  good.log_in();
  large.add(large.read(0, 2 * part));
  large.send();
  rig.runtime.settle();
  REQUIRE(large.answers().empty());  // the greedy have left nothing
  for (int i = 0; i < 100; ++i) {    // and no time passes in which they might be closed
    good.add(good.read(0, part));
    good.send();
    rig.runtime.settle();
    const auto answers = good.answers();
    REQUIRE_FALSE(answers.empty());
    REQUIRE(answers.back().as<iscsi::DataIn>()->has_status);
  }
}

// ---- fair turns

namespace {

// How many operations of `deep` begin before the one of `shallow`, when all their commands arrive together.
std::size_t begun_before(ServerRig& rig, Host& deep, Host& shallow) {
  rig.device->origins.clear();
  shallow.add(shallow.read());
  deep.send();
  shallow.send();
  rig.runtime.settle();
  const auto& origins = rig.device->origins;
  const Generation second = rig.registry.granted.back();
  const auto at = std::ranges::find(origins, second, &Origin::generation);
  REQUIRE(at != origins.end());
  return static_cast<std::size_t>(at - origins.begin());
}

}  // namespace

TEST_CASE("a session with a deep queue does not make another one wait for all of it") {
  ServerRig rig;
  rig.start();
  Host deep(rig), shallow(rig, kIsid + 1);
  deep.log_in();
  shallow.log_in();
  for (int i = 0; i < 128; ++i) deep.add(deep.read());
  CHECK(begun_before(rig, deep, shallow) == server::TurnBudget::kCommands);
  CHECK(deep.answers().size() == 128);
}

TEST_CASE("a session with large commands does not make another one wait for all of them") {
  ServerRig rig;
  rig.start();
  Host deep(rig), shallow(rig, kIsid + 1);
  deep.log_in();
  shallow.log_in();
  for (int i = 0; i < 10; ++i) deep.add(deep.read(0, 1024));
  CHECK(begun_before(rig, deep, shallow) == 2);
}

TEST_CASE("a session that ends in the middle of its turns starts nothing more") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  for (int i = 0; i < 100; ++i) host.add(host.read());
  host.send();
  rig.runtime.turn();
  REQUIRE(rig.device->waiting.size() == server::TurnBudget::kCommands);
  host.wire->broken = true;
  host.send();
  rig.runtime.settle();
  rig.device->finish_aborts();
  rig.runtime.settle();
  CHECK(rig.server().counters().connections == 0);
  CHECK(rig.server().sessions().empty());
}

TEST_CASE("a session's operations are of its nexus and generation, and as old as its host's last sign of life") {
  ServerRig rig;
  rig.runtime.pass_time(5s);
  rig.start();
  Host host(rig);
  host.log_in();
  rig.runtime.pass_time(1s);
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  REQUIRE(rig.device->origins.size() == 1);
  CHECK(rig.device->origins[0].generation == rig.registry.granted[0]);
  CHECK(rig.device->origins[0].id == OperationId{1});
  CHECK(rig.device->origins[0].issued_at == Time{} + 6s);
}

TEST_CASE("a write whose data take long to come is as old as the last of them") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  host.add(host.numbers.write(write16(0, 8), 8 * kBlockBytes));
  host.send();
  const iscsi::R2t r2t = host.answer<iscsi::R2t>();
  for (std::uint32_t sn = 0; sn < 8; ++sn) {
    rig.runtime.pass_time(2s);
    host.add(host.numbers.solicited(r2t, sn * kBlockBytes, iscsi::DataSn{sn}, sn == 7), pattern(kBlockBytes, sn));
    host.send();
    rig.runtime.settle();
  }
  REQUIRE(rig.device->origins.size() == 1);
  CHECK(rig.device->origins[0].issued_at == Time{} + 16s);
}

TEST_CASE("a write that has waited for its turn is as old as the silence of its host") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  iscsi::ScsiCommand ordered = host.numbers.write(write16(0, 8), 8 * kBlockBytes);
  ordered.attribute = iscsi::TaskAttribute::ordered;
  host.add(ordered, pattern(8 * kBlockBytes, 1));
  host.send();
  rig.runtime.pass_time(2s);
  host.add(host.numbers.ping());
  host.send();
  rig.runtime.pass_time(2s);
  rig.device->complete_all();
  rig.runtime.settle();
  REQUIRE(rig.device->origins.size() == 2);
  CHECK(rig.device->origins[1].issued_at == Time{} + 2s);
}

TEST_CASE("logout waits for the tasks, then goes when the host has closed") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  host.add(host.numbers.logout());
  host.send();
  rig.runtime.settle();
  CHECK(host.answers().empty());
  rig.device->complete_all();
  rig.runtime.settle();
  const auto answers = host.answers();
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].as<iscsi::DataIn>());
  CHECK(answers[1].as<iscsi::LogoutResponse>());
  CHECK_FALSE(host.wire->half_closed);
  CHECK_FALSE(host.wire->closed);
  CHECK(rig.registry.released == rig.registry.granted);
  host.wire->fin = true;
  host.send();
  rig.runtime.settle();
  CHECK(host.wire->closed);
  CHECK(rig.server().counters().connections == 0);
}

TEST_CASE("a host that never closes its side after a logout is not waited for") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  host.add(host.numbers.logout());
  host.send();
  rig.runtime.settle();
  CHECK_FALSE(host.wire->half_closed);
  rig.runtime.pass_time(rig.config.connection.logout_linger);
  REQUIRE(host.wire->half_closed);
  rig.runtime.pass_time(rig.config.connection.linger);
  CHECK(host.wire->closed);
}

TEST_CASE("a connection that is closed here does not wait for long for a host that takes nothing") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  host.wire->hold_writes = true;
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  bool ended = false;
  rig.server().session(1)->end("test", [&] { ended = true; });
  rig.runtime.settle();
  CHECK(ended);
  CHECK_FALSE(host.wire->closed);
  rig.runtime.pass_time(rig.config.connection.linger);
  CHECK(host.wire->closed);
}

TEST_CASE("an idle session is pinged, and its timer is set once for each ping") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.runtime.pass_time(11s);
  const auto ping = host.answer<iscsi::NopIn>();
  CHECK(ping.task == iscsi::kNoTask);
  host.add(host.numbers.pong(ping));
  host.send();
  rig.runtime.settle();
  CHECK(rig.server().sessions().size() == 1);
  CHECK(rig.runtime.timers() == 2);  // the connection's and the watch's
}

TEST_CASE("a host that answers no ping is gone after a while") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.runtime.pass_time(31s);
  CHECK(host.wire->closed);
  CHECK(rig.registry.released == rig.registry.granted);
  CHECK(rig.runtime.timers() == 0);
}

TEST_CASE("a host that takes its answers slowly is not closed before it stops to take them") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  host.wire->hold_writes = true;
  for (int i = 0; i < 4; ++i) host.add(host.read(0, (8 << 20) / kBlockBytes));
  host.send();
  for (int second = 0; second < 100; ++second) {
    rig.runtime.pass_time(1s);
    host.take(256 << 10);  // its ping waits behind 32 MiB
  }
  REQUIRE_FALSE(host.wire->closed);
  rig.runtime.pass_time(2 * rig.config.connection.ping_timeout + rig.config.connection.linger);
  CHECK(host.wire->closed);
}

// ---- rule (d) of ghost writes

TEST_CASE("what lay in the socket while the server stood still is not executed") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.runtime.stand_still(60s);
  host.add(host.numbers.write(write16(0, 8), 4096), pattern(4096));
  host.send();
  rig.runtime.settle();
  CHECK(rig.device->origins.empty());
  CHECK(host.wire->closed);
  CHECK(rig.registry.released == rig.registry.granted);
}

TEST_CASE("a standstill that the watch sees first closes all connections, too") {
  ServerRig rig;
  rig.start();
  Host one(rig), two(rig, kIsid + 1);
  one.log_in();
  two.log_in();
  rig.runtime.stand_still(3s);
  rig.runtime.pass_time(0s);
  CHECK(one.wire->closed);
  CHECK(two.wire->closed);
}

TEST_CASE("two quiet seconds of a loop that turns are no standstill") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.runtime.pass_time(9s);
  host.add(host.read());
  host.send();
  host.answer<iscsi::DataIn>();
}

}  // namespace
}  // namespace shoal::test
