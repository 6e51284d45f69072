#include "target/server/session_driver.h"

#include "target/unit/local_unit_state.h"
#include "test/unit/server/server_rig.h"

namespace shoal::test {
namespace {

const iscsi::AsyncMessage* async_in(const std::vector<Answer>& answers) {
  for (const Answer& answer : answers) {
    if (const auto* message = answer.as<iscsi::AsyncMessage>()) return message;
  }
  return nullptr;
}

// Acknowledges all that came, as a host does with its next request.
void acknowledge(ServerRig& rig, Host& host, const std::vector<Answer>& answers) {
  for (const Answer& answer : answers) {
    if (const auto* data = answer.as<iscsi::DataIn>()) host.numbers.acknowledge(data->numbering.stat_sn);
    if (const auto* ping = answer.as<iscsi::NopIn>()) host.add(host.numbers.pong(*ping));
  }
  host.send();
  rig.runtime.settle();
}

// ---- sense

TEST_CASE("errors are sent in the form of sense that the unit's mode parameters name") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  iscsi::ScsiCommand wrong = host.read(std::uint64_t{1} << 40);
  SECTION("of a command that SCSI refuses") {}
  SECTION("of one that SCSI never sees") { wrong.attribute = iscsi::TaskAttribute::aca; }
  const auto first_of_sense = [&] {  // behind its length
    host.add(wrong);
    ++wrong.cmd_sn;
    host.send();
    rig.runtime.settle();
    return host.answers().at(0).data.at(2);
  };
  CHECK(first_of_sense() == '\x70');
  rig.catalog.unit->state = std::make_shared<unit::LocalUnitState>(UnitView{.mode = {.descriptor_sense = true}});
  CHECK(first_of_sense() == '\x72');
  CHECK(rig.server().counters().check_conditions == 3);  // the first was a unit attention
}

TEST_CASE("a command whose data are wrong is told so, and the device hears nothing of it") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  iscsi::ScsiCommand write = host.numbers.write(write16(0, 1), 512);
  write.read = true;
  host.add(write, std::string(512, 'x'));
  host.send();
  const auto response = host.answer<iscsi::ScsiResponse>();
  CHECK(response.status == 2);
  CHECK(response.residual == iscsi::Residual{iscsi::Residual::Kind::underflow, 512});
  CHECK(rig.device->origins.empty());
  CHECK(rig.server().sessions().at(0).open_tasks == 0);
}

// ---- what a nexus has not been told

namespace {

// Of the next command: 29/00 is {0x29, 0x00}; nullopt: it ended well.
std::optional<std::pair<unsigned, unsigned>> told(ServerRig& rig, Host& host) {
  host.add(host.numbers.read(read16(0, 1), kBlockBytes));
  host.send();
  rig.runtime.settle();
  const std::string data = host.answers().at(0).data;
  if (data.size() == kBlockBytes) return std::nullopt;
  return std::pair(data.at(14) & 0xffu, data.at(15) & 0xffu);
}

void enter(ServerRig& rig, Host& host) {
  host.ask_login();
  rig.runtime.settle();
  host.answers();
}

}  // namespace

TEST_CASE("the first session of a nexus hears 29/00, those that follow it 29/07, also where they end it") {
  ServerRig rig;
  rig.start();
  Host first(rig), second(rig), third(rig);
  enter(rig, first);
  CHECK(told(rig, first) == std::pair(0x29u, 0x00u));
  CHECK_FALSE(told(rig, first));
  enter(rig, second);  // ends the first
  CHECK(told(rig, second) == std::pair(0x29u, 0x07u));
  CHECK_FALSE(told(rig, second));
  rig.server().session(2)->end("test", [] {});
  rig.runtime.settle();
  enter(rig, third);
  CHECK(told(rig, third) == std::pair(0x29u, 0x07u));
  CHECK_FALSE(told(rig, third));
}

TEST_CASE("a nexus that comes back hears what its last session had not reported, and what has happened since") {
  ServerRig rig;
  rig.start();
  Host first(rig), second(rig);
  first.log_in();
  rig.server().session(1)->raise_unit_attention({0x2a, 0x03});
  rig.server().session(1)->end("test", [] {});
  rig.runtime.settle();
  const InitiatorPort other{"iqn.other", 1};
  rig.state->change(other, ChangeMode{{.descriptor_sense = true}}, [](UnitAnswer) {});
  rig.state->change(other, ChangeMode{{.descriptor_sense = false}}, [](UnitAnswer) {});
  enter(rig, second);
  CHECK(told(rig, second) == std::pair(0x29u, 0x07u));
  CHECK(told(rig, second) == std::pair(0x2au, 0x03u));
  CHECK(told(rig, second) == std::pair(0x2au, 0x01u));
  CHECK_FALSE(told(rig, second));
}

TEST_CASE("a nexus whose 29/00 was never reported hears it again, and not that it was lost, too") {
  ServerRig rig;
  rig.start();
  Host first(rig), second(rig);
  enter(rig, first);
  rig.server().session(1)->end("test", [] {});
  rig.runtime.settle();
  enter(rig, second);
  CHECK(told(rig, second) == std::pair(0x29u, 0x00u));
  CHECK_FALSE(told(rig, second));
}

// ---- end

TEST_CASE("a session that is ended starts nothing more and is told when its tasks cannot touch data") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  bool ended = false;
  host.add(host.read());
  host.send();
  rig.server().session(1)->end("test", [&] { ended = true; });
  rig.runtime.settle();
  CHECK(rig.device->origins.size() == 1);
  CHECK(host.wire->closed);
  CHECK_FALSE(ended);
  CHECK(rig.registry.released.empty());
  rig.device->finish_aborts();
  rig.runtime.settle();
  CHECK(ended);
  CHECK(rig.registry.released == rig.registry.granted);
}

TEST_CASE("everybody who ends a session is told, also when it was ending already") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  int told = 0;
  SessionControl& session = *rig.server().session(1);
  session.end("one", [&] { ++told; });
  session.end("two", [&] { ++told; });
  rig.runtime.settle();
  CHECK(told == 0);
  rig.device->finish_aborts();
  rig.runtime.settle();
  CHECK(told == 2);
}

TEST_CASE("a session that ends while a task is being aborted waits for that, too") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  const auto command = host.read();
  host.add(command);
  host.add(host.numbers.abort(command));
  host.send();
  rig.runtime.settle();
  rig.device->complete_first(IoStatus::aborted);  // a part of it may still be on its way
  host.wire->broken = true;
  host.send();
  rig.runtime.settle();
  CHECK(rig.registry.released.empty());
  rig.device->finish_aborts();
  rig.runtime.settle();
  CHECK(rig.registry.released == rig.registry.granted);
}

TEST_CASE("a session whose host has gone is released only when its tasks cannot touch data") {
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
  CHECK(host.wire->closed);
  CHECK(rig.server().sessions().empty());
  CHECK(rig.registry.released.empty());
  rig.device->finish_aborts();
  rig.runtime.settle();
  CHECK(rig.registry.released == rig.registry.granted);
}

// ---- drop

TEST_CASE("a drop finishes its tasks, releases the nexus, and only then sends event 2") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  std::vector<std::string> story;
  rig.registry.on_release = [&] { story.push_back(async_in(host.answers()) ? "released late" : "released"); };
  rig.server().session(1)->drop_after_tasks(
      "test", [&] { story.push_back("quiet"); }, [&] { story.push_back("done"); });
  rig.runtime.settle();
  CHECK(story.empty());
  CHECK(rig.server().sessions()[0].dropping);
  rig.device->complete_all();
  rig.runtime.settle();
  CHECK(story.empty());  // not acknowledged yet
  acknowledge(rig, host, host.answers());
  CHECK(story == std::vector<std::string>{"quiet", "released"});
  const auto answers = host.answers();
  const auto* event = async_in(answers);
  REQUIRE(event != nullptr);
  CHECK(event->event == iscsi::AsyncEvent::connection_dropped);
  CHECK(event->parameter2 == 0);
  CHECK(host.wire->half_closed);
  host.wire->fin = true;
  host.send();
  rig.runtime.settle();
  CHECK(story.back() == "done");
}

TEST_CASE("a command that comes while a session is dropped is neither executed nor answered") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  rig.server().session(1)->drop_after_tasks(
      "test", [] {}, [] {});
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  CHECK(rig.device->origins.size() == 1);
  rig.device->complete_all();
  rig.runtime.settle();
  acknowledge(rig, host, host.answers());
  CHECK(host.wire->half_closed);
  CHECK(rig.device->origins.size() == 1);
}

TEST_CASE("the event of a drop waits until the next login is placed") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  Completion<> released;
  CHECK(rig.server().drop_session(
      1, {.reason = "test"}, [&](const NexusMemory&, Completion<> go_on) { released = std::move(go_on); }, [] {}));
  rig.runtime.settle();
  acknowledge(rig, host, host.answers());
  REQUIRE(static_cast<bool>(released));
  CHECK(async_in(host.answers()) == nullptr);
  CHECK(rig.registry.released.empty());
  released();
  rig.runtime.settle();
  CHECK(async_in(host.answers()) != nullptr);
  CHECK(rig.registry.released == rig.registry.granted);
  CHECK_FALSE(rig.server().drop_session(
      1, {.reason = "again"}, [](const NexusMemory&, Completion<> go_on) { go_on(); }, [] {}));
}

struct StartedRig : ServerRig {
  StartedRig() { start(); }
};

// A host whose session is moved away in that way; it answers pings.
struct Leaving {
  explicit Leaving(server::Departure how) {
    host.log_in();
    rig.server().drop_session(
        1, {.reason = "test", .how = how, .logout_within = 3s},
        [this](const NexusMemory&, Completion<> go_on) { released = std::move(go_on); }, [this] { done = true; });
    rig.runtime.settle();
    look();
  }
  void look() {
    const auto answers = host.answers();
    for (const Answer& answer : answers) {
      if (const auto* message = answer.as<iscsi::AsyncMessage>()) {
        events.push_back(message->event);
        host.numbers.acknowledge(message->numbering.stat_sn);
      }
      if (answer.as<iscsi::LogoutResponse>()) logged_out = true;
    }
    acknowledge(rig, host, answers);
  }
  void log_out() {
    host.add(host.numbers.logout());
    host.send();
    rig.runtime.settle();
    look();
  }
  void release() {
    REQUIRE(static_cast<bool>(released));
    released();
    rig.runtime.settle();
    look();
  }
  using Events = std::vector<iscsi::AsyncEvent>;
  StartedRig rig;
  Host host{rig};
  Completion<> released;
  Events events;
  bool logged_out = false, done = false;
};
constexpr auto kLogOut = iscsi::AsyncEvent::logout_requested, kDropped = iscsi::AsyncEvent::connection_dropped;

TEST_CASE("a host that is to log out is told so only when its next login is placed, and has its answer") {
  Leaving leaving(server::Departure::logout);
  CHECK(leaving.events.empty());
  leaving.release();
  CHECK(leaving.events == Leaving::Events{kDropped, kLogOut});
  CHECK_FALSE(leaving.logged_out);
  leaving.log_out();
  CHECK(leaving.logged_out);
  CHECK(leaving.rig.registry.released == leaving.rig.registry.granted);
}

TEST_CASE("a host that was told to log out and does not is closed when its time is over") {
  Leaving leaving(server::Departure::logout);
  leaving.release();
  leaving.rig.runtime.pass_time(2s);
  CHECK_FALSE(leaving.host.wire->half_closed);
  leaving.rig.runtime.pass_time(1s);
  CHECK(leaving.host.wire->half_closed);
}

TEST_CASE("a host that is asked politely has no answer to its logout before its next login is placed") {
  Leaving leaving(server::Departure::polite);
  CHECK(leaving.events == Leaving::Events{kLogOut});
  CHECK_FALSE(static_cast<bool>(leaving.released));
  leaving.log_out();
  CHECK_FALSE(leaving.logged_out);
  CHECK(leaving.rig.registry.released.empty());
  leaving.release();
  CHECK(leaving.logged_out);
  CHECK(leaving.rig.registry.released == leaving.rig.registry.granted);
}

TEST_CASE("a host that is asked politely and does not log out in time is dropped") {
  Leaving leaving(server::Departure::polite);
  leaving.rig.runtime.pass_time(3s);
  leaving.look();  // and it answers the ping that asks for what it has seen
  leaving.release();
  CHECK(leaving.events == Leaving::Events{kLogOut, kDropped});
  CHECK(leaving.rig.registry.released == leaving.rig.registry.granted);
}

TEST_CASE("a host that is asked politely and breaks its connection is placed anew all the same") {
  Leaving leaving(server::Departure::polite);
  leaving.host.wire->broken = true;
  leaving.host.send();
  leaving.rig.runtime.settle();
  leaving.release();
  leaving.rig.runtime.settle();
  CHECK(leaving.done);
  CHECK(leaving.rig.registry.released == leaving.rig.registry.granted);
}

TEST_CASE("a drop whose host goes away meanwhile completes all the same") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  bool placed = false, done = false;
  rig.server().session(1)->drop_after_tasks(
      "test", [&] { placed = true; }, [&] { done = true; });
  host.wire->broken = true;
  host.send();
  rig.runtime.settle();
  CHECK_FALSE(done);
  rig.device->finish_aborts();
  rig.runtime.settle();
  CHECK(placed);
  CHECK(done);
  CHECK(rig.registry.released == rig.registry.granted);
}

TEST_CASE("a reinstatement in the middle of a drop ends the session at once") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  host.add(host.read());
  host.send();
  rig.runtime.settle();
  bool done = false;
  rig.server().session(1)->drop_after_tasks(
      "test", [] {}, [&] { done = true; });
  Host again(rig);
  again.ask_login();
  rig.runtime.settle();
  rig.device->finish_aborts();
  CHECK(again.answer<iscsi::LoginResponse>().status == iscsi::LoginStatus::success);
  CHECK(done);
  CHECK(host.wire->closed);
}

TEST_CASE("a requested logout that does not come becomes a drop") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.server().session(1)->request_logout(3s, "test");
  rig.runtime.settle();
  auto answers = host.answers();
  REQUIRE(async_in(answers) != nullptr);
  CHECK(async_in(answers)->event == iscsi::AsyncEvent::logout_requested);
  host.numbers.acknowledge(async_in(answers)->numbering.stat_sn);
  rig.runtime.pass_time(3s);
  acknowledge(rig, host, host.answers());
  answers = host.answers();
  REQUIRE(async_in(answers) != nullptr);
  CHECK(async_in(answers)->event == iscsi::AsyncEvent::connection_dropped);
  CHECK(rig.registry.released == rig.registry.granted);
}

TEST_CASE("a unit attention is reported by the next command") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.server().session(1)->raise_unit_attention({0x2a, 0x09});
  host.take_unit_attention();
  host.add(host.read());
  host.send();
  host.answer<iscsi::DataIn>();
}

// ---- task management

TEST_CASE("ABORT TASK is answered when the task cannot touch data any more, and the task never") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  rig.device->held = true;
  const auto command = host.read();
  host.add(command);
  host.add(host.read());
  host.add(host.numbers.abort(command));
  host.send();
  rig.runtime.settle();
  CHECK(host.answers().empty());
  REQUIRE(rig.device->aborts.size() == 1);
  CHECK(rig.device->aborts[0].id == OperationId{1});
  rig.device->finish_aborts();
  CHECK(host.answer<iscsi::TaskManagementResponse>().response == iscsi::TaskResponse::complete);
  rig.device->complete_all();
  host.answer<iscsi::DataIn>();
}

TEST_CASE("ABORT TASK SET ends the tasks of its nexus and leaves the others alone") {
  ServerRig rig;
  rig.start();
  Host host(rig), other(rig, kIsid + 1);
  host.log_in();
  other.log_in();
  rig.device->held = true;
  for (Host* each : {&host, &other}) {
    each->add(each->read());
    each->send();
    rig.runtime.settle();
  }
  host.add(host.numbers.manage(iscsi::TaskFunction::abort_task_set));
  host.send();
  rig.runtime.settle();
  rig.device->finish_aborts();
  CHECK(host.answer<iscsi::TaskManagementResponse>().response == iscsi::TaskResponse::complete);
  REQUIRE(rig.device->waiting.size() == 1);
  rig.device->complete_all();
  other.answer<iscsi::DataIn>();
}

TEST_CASE("a set of tasks of a unit that there is not") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  host.add(host.numbers.manage(iscsi::TaskFunction::logical_unit_reset, iscsi::Lun{std::uint64_t{1} << 48}));
  host.send();
  CHECK(host.answer<iscsi::TaskManagementResponse>().response == iscsi::TaskResponse::lun_does_not_exist);
}

TEST_CASE("LUN RESET ends the tasks of all sessions, and all hear of it") {
  ServerRig rig;
  rig.start();
  Host host(rig), other(rig, kIsid + 1);
  host.log_in();
  other.log_in();
  rig.device->held = true;
  for (Host* each : {&host, &other}) {
    each->add(each->read());
    each->send();
    rig.runtime.settle();
  }
  host.add(host.numbers.manage(iscsi::TaskFunction::logical_unit_reset));
  host.send();
  rig.runtime.settle();
  CHECK(host.answers().empty());
  rig.device->finish_aborts();
  CHECK(host.answer<iscsi::TaskManagementResponse>().response == iscsi::TaskResponse::complete);
  CHECK(other.answer<iscsi::ScsiResponse>().status == 0x40);  // TASK ABORTED
  rig.device->held = false;
  other.take_unit_attention();
  host.take_unit_attention();
  host.add(host.read());
  host.send();
  host.answer<iscsi::DataIn>();
}

TEST_CASE("TARGET COLD RESET is answered and ends all sessions") {
  ServerRig rig;
  rig.start();
  Host host(rig), other(rig, kIsid + 1);
  host.log_in();
  other.log_in();
  host.add(host.numbers.manage(iscsi::TaskFunction::target_cold_reset));
  host.send();
  CHECK(host.answer<iscsi::TaskManagementResponse>().response == iscsi::TaskResponse::complete);
  CHECK(host.wire->closed);
  CHECK(other.wire->closed);
  CHECK(rig.registry.released.size() == 2);
}

namespace {

// A unit whose state is kept by somebody who answers late, or not at all.
class HeldState final : public UnitState {
 public:
  const UnitView& view() const override { return now; }
  void change(const InitiatorPort& from, UnitChange change, Completion<UnitAnswer> done) override {
    asked.push_back({from, std::move(change)});
    waiting.push_back(std::move(done));
  }
  UnitMoment moment() const override { return {}; }
  std::vector<UnitAttention> missed(const InitiatorPort&, const UnitMoment&) const override { return {}; }
  void answer(UnitAnswer answer) {
    for (auto& each : std::exchange(waiting, {})) each(answer);
  }
  UnitView now;
  std::vector<std::pair<InitiatorPort, UnitChange>> asked;
  std::vector<Completion<UnitAnswer>> waiting;
};

struct ReservedRig : ServerRig {
  ReservedRig() {
    catalog.unit->state = kept;
    start();
  }
  // The host has logged in and reserved the unit.
  void reserve(Host& host) {
    host.log_in();
    const NexusName nexus = server().sessions().at(0).nexus;
    kept->now.reserved_by = InitiatorPort{nexus.initiator_name, nexus.isid};
  }
  std::shared_ptr<HeldState> kept = std::make_shared<HeldState>();
};

}  // namespace

TEST_CASE("a write of another host that still gathers when the unit is reset never reaches the device") {
  ServerRig rig;
  rig.start();
  Host writer(rig), resetter(rig, kIsid + 1);
  writer.log_in();
  resetter.log_in();
  const auto command = writer.numbers.write(write16(0, 8), 4096);
  writer.add(command);
  writer.send();
  rig.runtime.settle();
  const auto r2t = writer.answer<iscsi::R2t>();
  resetter.add(resetter.numbers.manage(iscsi::TaskFunction::logical_unit_reset));
  resetter.send();
  rig.runtime.settle();
  CHECK(resetter.answer<iscsi::TaskManagementResponse>().response == iscsi::TaskResponse::complete);
  CHECK(writer.answer<iscsi::ScsiResponse>().status == 0x40);
  writer.add(iscsi::DataOut{.final = true, .task = command.task, .transfer = r2t.transfer}, std::string(4096, 'x'));
  writer.send();
  rig.runtime.settle();
  CHECK(writer.answers().empty());
  CHECK(rig.device->origins.empty());
}

TEST_CASE("a reset that the unit's keeper does not carry out is rejected, and ends no session") {
  ReservedRig rig;
  Host host(rig);
  host.log_in();
  for (const auto function : {iscsi::TaskFunction::logical_unit_reset, iscsi::TaskFunction::target_cold_reset}) {
    host.add(host.numbers.manage(function));
    host.send();
    rig.runtime.settle();
    CHECK(host.answers().empty());
    rig.kept->answer(UnitAnswer::unavailable);
    CHECK(host.answer<iscsi::TaskManagementResponse>().response == iscsi::TaskResponse::rejected);
    CHECK_FALSE(host.wire->closed);
  }
}

TEST_CASE("a logout is answered when RESERVE of that nexus has been released") {
  ReservedRig rig;
  Host host(rig);
  rig.reserve(host);
  host.add(host.numbers.logout());
  host.send();
  rig.runtime.settle();
  REQUIRE(rig.kept->asked.size() == 1);
  CHECK(rig.kept->asked.front() == std::pair(*rig.kept->now.reserved_by, UnitChange(NexusLost{})));
  CHECK(host.answers().empty());
  CHECK(rig.registry.released.empty());
  rig.kept->answer(UnitAnswer::unavailable);  // it is not waited for longer than the keeper is looked for
  host.answer<iscsi::LogoutResponse>();
  CHECK(rig.registry.released.size() == 1);
}

TEST_CASE("a session that loses its connection releases RESERVE before its nexus") {
  ReservedRig rig;
  Host host(rig);
  rig.reserve(host);
  host.wire->broken = true;
  host.send();
  rig.runtime.settle();
  CHECK(rig.kept->asked.size() == 1);
  CHECK(rig.registry.released.empty());
  rig.kept->answer(UnitAnswer::good);
  rig.runtime.settle();
  CHECK(rig.registry.released.size() == 1);
}

TEST_CASE("who does not hold RESERVE leaves without a word to the keeper") {
  ReservedRig rig;
  Host host(rig);
  rig.reserve(host);
  rig.kept->now.reserved_by->isid += 1;
  host.add(host.numbers.logout());
  host.send();
  host.answer<iscsi::LogoutResponse>();
  CHECK(rig.kept->asked.empty());
}

TEST_CASE("a session that is moved keeps RESERVE for its next login") {
  ReservedRig rig;
  Host host(rig);
  rig.reserve(host);
  rig.server().session(1)->drop_after_tasks(
      "move", [] {}, [] {});
  rig.runtime.settle();
  host.wire->broken = true;
  host.send();
  rig.runtime.settle();
  CHECK(rig.kept->asked.empty());
  CHECK(rig.registry.released.size() == 1);
}

TEST_CASE("a session that is asked to log out, to be moved, keeps RESERVE for its next login") {
  for (const auto how : {server::Departure::logout, server::Departure::polite}) {
    ReservedRig rig;
    Host host(rig);
    rig.reserve(host);
    rig.server().drop_session(
        1, {.reason = "move", .how = how}, [](const NexusMemory&, Completion<> go_on) { go_on(); }, [] {});
    rig.runtime.settle();
    acknowledge(rig, host, host.answers());
    host.add(host.numbers.logout());
    host.send();
    rig.runtime.settle();
    CHECK(rig.kept->asked.empty());
    CHECK(rig.registry.released.size() == 1);
  }
}

// ---- counting

TEST_CASE("sessions are counted with what they did") {
  ServerRig rig;
  rig.start();
  Host host(rig);
  host.log_in();
  host.add(host.read(0, 8));
  host.add(host.numbers.write(write16(0, 16), 8192), pattern(8192));
  host.add(host.read(std::uint64_t{1} << 40, 8));  // beyond the end
  host.send();
  rig.runtime.settle();
  const auto session = rig.server().sessions().at(0);
  CHECK(session.number == 1);
  CHECK(session.volume == "demo");
  CHECK(session.initiator_alias == "host-1");
  CHECK(session.read_bytes == 4096);
  CHECK(session.written_bytes == 8192);
  CHECK(session.commands == 4);
  CHECK(session.open_tasks == 0);
  CHECK(rig.server().counters().check_conditions == 2);
  CHECK(rig.server().counters().logins == 1);
}

TEST_CASE("whichever operation fails, every command is answered and the session goes on") {
  for (unsigned at = 0; at < 6; ++at) {
    ServerRig rig;
    rig.start();
    Host host(rig);
    host.log_in();
    rig.device->fail_at = at;
    for (int i = 0; i < 6; ++i) host.add(host.read());
    host.send();
    rig.runtime.settle();
    CHECK(host.answers().size() == 6);
    CHECK(rig.server().counters().check_conditions == 2);
    CHECK(rig.server().sessions().size() == 1);
  }
}

}  // namespace
}  // namespace shoal::test
