#include "target/iscsi/connection.h"

#include <catch2/catch.hpp>

#include "test/support/initiator_pdus.h"

using namespace shoal;
using namespace shoal::iscsi;
using namespace shoal::test;

namespace {

// A connection, its driver's hands, and an initiator's pen.
struct Rig {
  explicit Rig(ConnectionLimits limits = {.ping_interval = 5s, .ping_timeout = 5s},
               std::shared_ptr<WriteBudget> writes = nullptr)
      : connection(LoginConfig{}, limits, Time{}, Log(), std::move(writes)) {}

  Connection connection;
  Time now{};
  InitiatorNumbers numbers;
  Digests digests;
  AnswerReader reader;

  template <class Pdu>
  void send(const Pdu& pdu, std::string_view data = {}) {
    connection.receive(wire(pdu, data, digests), now);
  }
  void ask_login(const TextKeys& operational = operational_keys()) {
    connection.receive(wire(operational_request(), joined(without(security_keys(), "AuthMethod"), operational)), now);
  }
  void login(const TextKeys& operational = operational_keys()) {
    ask_login(operational);
    expect<LoginAsked>();
    connection.answer_login(Serve{}, now);
    expect<NexusClaimAsked>();
    connection.answer_claim(Claimed{1}, now);
    expect<LoggedIn>();
    REQUIRE(answers().size() == 1);
    digests = {*operational.find("HeaderDigest") == "CRC32C", *operational.find("DataDigest") == "CRC32C"};
    reader.set_digests(digests);
    numbers.set_exp_stat_sn(StatSn{1});
  }
  template <class E>
  E expect() {
    auto event = connection.next_event();
    REQUIRE(event.has_value());
    REQUIRE(std::holds_alternative<E>(*event));
    return std::get<E>(std::move(*event));
  }
  EndReason end() { return expect<Ended>().reason; }
  bool nothing() { return !connection.next_event(); }
  std::vector<Answer> answers() {
    reader.receive(connection.transmit());
    return reader.all();
  }
  void pass(Duration duration) {
    now += duration;
    connection.on_deadline(now);
  }
  void pass_sending(Duration duration, std::size_t unsent) {
    now += duration;
    connection.note_unsent(unsent, now);
    connection.on_deadline(now);
  }
};

}  // namespace

TEST_CASE("what is pipelined behind the last login request is served, byte by byte as well as at once") {
  const bool at_once = GENERATE(true, false);
  Rig rig;
  std::string bytes;
  const auto add = [&](const Slice& slice) { bytes += as_text(slice.bytes()); };
  add(wire(operational_request(), joined(without(security_keys(), "AuthMethod"), operational_keys())));
  add(wire(rig.numbers.write(write16(0, 1), 512), pattern(512)));
  add(wire(rig.numbers.read(read16(0, 1), 512)));
  const std::size_t step = at_once ? bytes.size() : 1;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    rig.connection.receive(Slice::copy_of(bytes.substr(at, step)), rig.now);
  }
  rig.expect<LoginAsked>();
  CHECK(rig.nothing());
  rig.connection.answer_login(Serve{}, rig.now);
  rig.expect<NexusClaimAsked>();
  rig.connection.answer_claim(Claimed{1}, rig.now);
  rig.expect<LoggedIn>();
  CHECK(flatten(rig.expect<CommandReady>().command.data).size() == 512);
  CHECK(rig.expect<CommandReady>().command.read);
}

TEST_CASE("another PDU before full feature phase ends the connection") {
  Rig rig;
  SECTION("as the first: without a word") {
    rig.send(rig.numbers.ping());
    CHECK(rig.answers().empty());
  }
  SECTION("after a login request: 020b") {
    rig.connection.receive(wire(security_request(), security_keys()), rig.now);
    rig.expect<LoginAsked>();
    rig.connection.answer_login(Serve{}, rig.now);
    CHECK(rig.answers().size() == 1);
    rig.send(rig.numbers.ping());
    const auto answers = rig.answers();
    REQUIRE(answers.size() == 1);
    CHECK(std::get<LoginResponse>(answers[0].pdu).status == LoginStatus::invalid_during_login);
  }
  CHECK(rig.end() == EndReason::login_refused);
  CHECK(rig.connection.closing() == Closing::half_close);
}

TEST_CASE("bytes behind a login request whose answer is awaited are bounded") {
  Rig rig;
  rig.ask_login();
  rig.expect<LoginAsked>();
  for (int i = 0; i < 6 && rig.connection.closing() == Closing::open; ++i) {
    rig.connection.receive(Slice::copy_of(std::string(64 << 10, '\0')), rig.now);
  }
  CHECK(rig.end() == EndReason::out_of_resources);
  rig.connection.answer_login(Serve{}, rig.now);  // late, and of no use
  CHECK(rig.nothing());
  CHECK_FALSE(rig.connection.has_output());
}

TEST_CASE("a claim that is refused refuses the login") {
  Rig rig;
  rig.ask_login();
  rig.expect<LoginAsked>();
  rig.connection.answer_login(Serve{}, rig.now);
  rig.expect<NexusClaimAsked>();
  rig.connection.answer_claim(Refused{LoginStatus::service_unavailable}, rig.now);
  CHECK(std::get<LoginResponse>(rig.answers().at(0).pdu).status == LoginStatus::service_unavailable);
  CHECK(rig.end() == EndReason::login_deferred);
}

TEST_CASE("a silent peer is closed after the login timeout") {
  Rig rig;
  CHECK(rig.connection.deadline() == Time{} + 15s);
  rig.pass(15s);
  CHECK(rig.end() == EndReason::login_timeout);
  CHECK(rig.connection.closing() == Closing::close);
  CHECK_FALSE(rig.connection.deadline());
}

TEST_CASE("a damaged header ends the connection at once") {
  Rig rig;
  rig.login(with(operational_keys(), "HeaderDigest", "CRC32C"));
  std::string bytes(as_text(wire(rig.numbers.ping(), "", rig.digests).bytes()));
  bytes[30] ^= 1;
  rig.connection.receive(Slice::copy_of(bytes), rig.now);
  CHECK(rig.end() == EndReason::digest_error);
  CHECK(rig.connection.closing() == Closing::close);
  CHECK(rig.answers().empty());
}

TEST_CASE("a PDU beyond what was declared is rejected before it is taken, and the connection ends") {
  Rig rig;
  rig.login();
  BhsBytes header = encode(rig.numbers.ping(), 262145);
  rig.connection.receive(Slice::copy_of(header), rig.now);
  const auto answers = rig.answers();
  REQUIRE(answers.size() == 1);
  CHECK(std::get<Reject>(answers[0].pdu).reason == RejectReason::protocol_error);
  CHECK(rig.end() == EndReason::protocol_error);
  CHECK(rig.connection.closing() == Closing::half_close);
}

TEST_CASE("replies that nobody reads are bounded") {
  Rig rig;
  rig.login();
  NopOut ping = rig.numbers.ping();
  ping.immediate = true;
  for (int i = 0; i < 100 && rig.connection.closing() == Closing::open; ++i) rig.send(ping, std::string(64 << 10, 'x'));
  CHECK(rig.end() == EndReason::out_of_resources);
}

TEST_CASE("a peer that never reads is held back") {
  Rig rig({.output_bytes = 1000});
  rig.login();
  for (int i = 0; i < 30; ++i) {
    rig.send(rig.numbers.read(read16(0, 1), 512));
    const TaskId task = rig.expect<CommandReady>().command.task;
    CHECK(rig.connection.wants_input() == (i < 2));
    rig.connection.complete(task, Outcome{.data = {Slice::copy_of(pattern(512))}, .transfer_bytes = 512}, rig.now);
  }
  CHECK(rig.answers().size() == 30);
  CHECK(rig.connection.wants_input());
}

TEST_CASE("the end throws away what was not taken, and later answers are ignored") {
  Rig rig;
  rig.login();
  rig.send(rig.numbers.read(read16(0, 1), 512));
  const TaskId task = rig.expect<CommandReady>().command.task;
  rig.send(rig.numbers.read(read16(0, 1), 512));
  rig.connection.peer_closed(rig.now);
  CHECK(rig.end() == EndReason::peer_closed);
  CHECK(rig.nothing());
  rig.connection.complete(task, Outcome{}, rig.now);
  rig.connection.finish_logout(rig.now);
  rig.connection.begin_drop(rig.now);
  rig.connection.send_drop_event(rig.now);
  rig.connection.request_logout(3s, rig.now);
  rig.send(rig.numbers.ping());
  rig.pass(100s);
  CHECK(rig.nothing());
  CHECK_FALSE(rig.connection.has_output());
}

TEST_CASE("an idle initiator is pinged; any sign of life puts the next ping off") {
  Rig rig;
  rig.login();
  CHECK(rig.connection.deadline() == rig.now + 5s);
  rig.pass(3s);
  rig.send(rig.numbers.ping());
  rig.answers();
  rig.pass(3s);
  CHECK(rig.answers().empty());
  rig.pass(2s);
  const auto ping = std::get<NopIn>(rig.answers().at(0).pdu);
  rig.pass(4s);
  rig.send(rig.numbers.pong(ping));
  rig.pass(4s);
  CHECK(rig.answers().empty());
  rig.pass(1s);
  CHECK(rig.answers().size() == 1);
  rig.pass(5s);
  CHECK(rig.end() == EndReason::ping_timeout);
}

TEST_CASE("a discovery session ends when it asks nothing; each request puts that off") {
  Rig rig({.ping_interval = 100s, .discovery_idle = 30s});
  rig.connection.receive(wire(operational_request(), joined(without(discovery_keys(), "AuthMethod"), operational_keys())),
                         rig.now);
  rig.expect<LoginAsked>();
  rig.connection.answer_login(Serve{}, rig.now);
  rig.expect<LoggedIn>();
  CHECK(rig.connection.deadline() == rig.now + 30s);
  rig.pass(20s);
  rig.send(rig.numbers.text(), "SendTargets=All" + std::string(1, '\0'));
  rig.expect<TargetsAsked>();
  rig.pass(20s);
  rig.send(rig.numbers.ping());
  rig.pass(9s);
  CHECK(rig.nothing());
  rig.pass(1s);
  CHECK(rig.end() == EndReason::idle);
}

TEST_CASE("an initiator that waits for a task is pinged sooner than an idle one") {
  Rig rig;
  rig.login();
  rig.send(rig.numbers.read(read16(0, 1), 512));
  const TaskId task = rig.expect<CommandReady>().command.task;
  CHECK(rig.connection.deadline() == rig.now + 3s);
  rig.pass(3s);
  rig.send(rig.numbers.pong(std::get<NopIn>(rig.answers().at(0).pdu)));
  CHECK(rig.connection.deadline() == rig.now + 3s);
  rig.connection.complete(task, Outcome{.status = 8}, rig.now);
  CHECK(rig.connection.deadline() == rig.now + 5s);
}

namespace {

void queue_output(Rig& rig, std::size_t bytes) {
  rig.send(rig.numbers.read({}, static_cast<std::uint32_t>(bytes)));
  rig.connection.complete(rig.expect<CommandReady>().command.task,
                          {.data = {Slice::copy_of(std::string(bytes, 'x'))}, .transfer_bytes = bytes}, rig.now);
}
// A write of all that is ready, with that much data; yields its size.
std::size_t begin_output(Rig& rig, std::size_t bytes) {
  rig.connection.note_unsent(0, rig.now);
  queue_output(rig, bytes);
  return total_size(rig.connection.transmit());
}

}  // namespace

TEST_CASE("an initiator that takes its output slowly is alive until it takes no more") {
  Rig rig;
  rig.login();
  auto left = begin_output(rig, 64 << 10);
  rig.pass(5s);  // the ping is behind all that
  while (left > 1000) {
    rig.pass_sending(4s, left -= 1000);
    REQUIRE(rig.nothing());
  }
  SECTION("in the middle of it") {
    rig.pass_sending(5s, left);
    CHECK(rig.end() == EndReason::ping_timeout);
  }
  SECTION("and does not answer the ping") {
    rig.pass_sending(4s, 0);
    rig.answers();  // the ping leaves
    rig.pass_sending(4s, 0);
    CHECK(rig.nothing());
    rig.pass_sending(1s, 0);
    CHECK(rig.end() == EndReason::ping_timeout);
  }
}

TEST_CASE("a ping that has left is no sign of life, nor is what leaves behind it") {
  Rig rig;
  rig.login();
  rig.pass(5s);
  begin_output(rig, 64 << 10);  // the ping, and this
  rig.pass_sending(3s, 32 << 10);
  rig.pass_sending(2s, 0);
  CHECK(rig.end() == EndReason::ping_timeout);
}

TEST_CASE("output that keeps us from reading the answer to a ping is waited for") {
  Rig rig({.output_bytes = 1000, .ping_interval = 5s, .ping_timeout = 5s});
  rig.login();
  rig.pass(5s);
  begin_output(rig, 64 << 10);
  queue_output(rig, 2000);
  REQUIRE_FALSE(rig.connection.wants_input());
  rig.pass_sending(4s, 32 << 10);
  rig.pass_sending(4s, 32 << 10);
  CHECK(rig.nothing());
  rig.pass_sending(1s, 32 << 10);
  CHECK(rig.end() == EndReason::ping_timeout);
}

TEST_CASE("a command that is missing is not waited for for ever") {
  Rig rig({.ping_interval = 60s, .hole_timeout = 20s});
  rig.login();
  rig.numbers.read(read16(0, 1), 512);  // never sent
  rig.send(rig.numbers.read(read16(0, 1), 512));
  rig.pass(15s);
  rig.send(rig.numbers.read(read16(0, 1), 512));
  CHECK(rig.nothing());
  rig.pass(4s);
  CHECK(rig.nothing());
  rig.pass(1s);
  CHECK(rig.end() == EndReason::protocol_error);
}

TEST_CASE("a session with more write data than its share is read on when its commands have been taken") {
  const auto writes = std::make_shared<WriteBudget>(1000);
  Rig rig({}, writes);
  rig.login();
  rig.send(rig.numbers.write(write16(0, 1), 512), pattern(512));
  CHECK_FALSE(rig.connection.wants_input());
  rig.expect<CommandReady>();
  CHECK(rig.connection.wants_input());
}

TEST_CASE("a drop waits for the write data that an accepted task needs, and gives up when they do not come") {
  Rig rig;
  rig.login(with(operational_keys(), "InitialR2T", "Yes"));
  rig.send(rig.numbers.write(write16(0, 2), 1024));
  const auto r2t = std::get<R2t>(rig.answers().at(0).pdu);
  rig.connection.begin_drop(rig.now);
  CHECK(rig.nothing());
  SECTION("they come") {
    rig.send(rig.numbers.solicited(r2t, 0, DataSn{0}, true), pattern(1024));
    const TaskId task = rig.expect<CommandReady>().command.task;
    rig.connection.complete(task, Outcome{.transfer_bytes = 1024}, rig.now);
    const auto answers = rig.answers();
    REQUIRE(answers.size() == 2);  // the response, and a ping that asks for its acknowledgement
    rig.numbers.acknowledge(StatSn{1});
    rig.send(rig.numbers.pong(std::get<NopIn>(answers[1].pdu)));
    rig.expect<Quiet>();
  }
  SECTION("they do not come") {
    for (int i = 0; i < 19; ++i) {
      rig.pass(1s);
      for (const Answer& answer : rig.answers()) rig.send(rig.numbers.pong(std::get<NopIn>(answer.pdu)));
    }
    CHECK(rig.nothing());
    rig.pass(1s);
    rig.expect<Quiet>();
    CHECK(rig.connection.open_tasks() == 0);
  }
  CHECK(rig.connection.quiet());
  CHECK(rig.nothing());
  rig.connection.send_drop_event(rig.now);
  CHECK(std::get<AsyncMessage>(rig.answers().back().pdu).event == AsyncEvent::connection_dropped);
  CHECK(rig.end() == EndReason::dropped);
}

TEST_CASE("a drop before full feature phase closes, a drop during a logout is the logout") {
  Rig rig;
  SECTION("login") {
    rig.connection.begin_drop(rig.now);
    CHECK(rig.end() == EndReason::dropped);
  }
  SECTION("logout") {
    rig.login();
    rig.send(rig.numbers.logout());
    rig.expect<LogoutAsked>();
    rig.connection.begin_drop(rig.now);
    rig.pass(60s);
    CHECK(rig.nothing());
    rig.connection.finish_logout(rig.now);
    CHECK(rig.end() == EndReason::logged_out);
  }
}

TEST_CASE("a logout in time ends a requested logout") {
  Rig rig;
  rig.login();
  rig.connection.request_logout(3s, rig.now);
  const auto message = std::get<AsyncMessage>(rig.answers().at(0).pdu);
  CHECK(message.event == AsyncEvent::logout_requested);
  CHECK(message.parameter3 == 3);
  rig.pass(2s);
  rig.send(rig.numbers.logout());
  rig.expect<LogoutAsked>();
  rig.pass(2s);
  CHECK(rig.nothing());
  rig.connection.finish_logout(rig.now);
  CHECK(rig.end() == EndReason::logged_out);
}

TEST_CASE("a host that has logged out closes first; its FIN is awaited before ours and after, not for ever") {
  Rig rig;
  rig.login();
  rig.send(rig.numbers.logout());
  rig.expect<LogoutAsked>();
  rig.connection.finish_logout(rig.now);
  CHECK(rig.connection.closing() == Closing::by_peer);
  SECTION("it comes") { rig.connection.peer_closed(rig.now); }
  SECTION("it does not") {
    CHECK(rig.connection.deadline() == rig.now + 4s);
    rig.pass(4s);
    CHECK(rig.connection.closing() == Closing::half_close);
    CHECK(rig.connection.deadline() == rig.now + 2s);
    rig.pass(2s);
  }
  CHECK(rig.connection.closing() == Closing::close);
  CHECK_FALSE(rig.connection.deadline());
}
