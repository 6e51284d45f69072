// Whatever a logged-in initiator sends: nothing of ours breaks (CHECKs and sanitizers watch), and the numbers stay
// right.
#include <catch2/catch.hpp>
#include <set>

#include "target/base/random.h"
#include "target/iscsi/connection.h"
#include "test/support/initiator_pdus.h"

using namespace shoal;
using namespace shoal::iscsi;
using namespace shoal::test;

namespace {

// PDUs of a peer that knows the protocol well enough to come far: few tags, numbers near the window, random flags.
class Hostile {
 public:
  Hostile(std::uint64_t seed, Connection& connection) : random_(seed), connection_(connection) {}

  void login() {
    const char* yes_or_no[] = {"Yes", "No"};
    TextKeys keys = operational_keys();
    keys = with(keys, "InitialR2T", yes_or_no[random_.below(2)]);
    keys = with(keys, "ImmediateData", yes_or_no[random_.below(2)]);
    keys = with(keys, "FirstBurstLength", "2048");
    keys = with(keys, "MaxBurstLength", "4096");
    keys = with(keys, "MaxOutstandingR2T", "4");
    TextKeys names = without(random_.below(8) ? security_keys() : discovery_keys(), "AuthMethod");
    connection_.receive(wire(operational_request(), joined(names, keys)), now_);
    take_events();
  }

  void step() {
    now_ += std::chrono::milliseconds(random_.below(100));
    switch (random_.below(20)) {
      case 0: return connection_.on_deadline(now_);
      case 1: return answer_task();
      case 2: return answer_task();
      case 3: return answer_management();
      case 4:
        if (random_.below(200) == 0) connection_.begin_drop(now_);
        return;
      case 5:
        if (random_.below(30) == 0) connection_.finish_logout(now_);
        return;
      default: return send_any();
    }
  }

  void take_events() {
    while (auto event = connection_.next_event()) {
      if (std::holds_alternative<LoginAsked>(*event)) connection_.answer_login(Serve{}, now_);
      if (std::holds_alternative<NexusClaimAsked>(*event)) connection_.answer_claim(Claimed{1}, now_);
      if (auto* ready = std::get_if<CommandReady>(&*event)) on_command(ready->command);
      if (auto* failed = std::get_if<CommandFailed>(&*event)) REQUIRE(tasks_.insert(failed->command.task).second);
      if (auto* asked = std::get_if<ManagementAsked>(&*event)) on_management(*asked);
      if (std::holds_alternative<TargetsAsked>(*event))
        connection_.answer_targets({{"iqn.2026-01.shoal:demo", {}}}, now_);
      if (std::holds_alternative<Quiet>(*event)) connection_.send_drop_event(now_);
      if (std::holds_alternative<Ended>(*event)) ended_ = true;
    }
    reader_.receive(connection_.transmit());
    for (const Answer& answer : reader_.all()) {
      std::visit([&](const auto& pdu) { note(pdu.numbering); }, answer.pdu);
      if (const auto* r2t = answer.as<R2t>()) on_r2t(*r2t);
      if (const auto* nop = answer.as<NopIn>()) transfer_ = nop->transfer;
    }
    REQUIRE_FALSE(reader_.broken());
  }
  bool ended() const { return ended_; }
  std::size_t commands = 0;

 private:
  void note(const Numbering& numbers) {
    if (known_) {
      CHECK(precedes_or_equals(numbers_.max_cmd_sn, numbers.max_cmd_sn));
      CHECK(precedes_or_equals(numbers_.exp_cmd_sn, numbers.exp_cmd_sn));
      CHECK(precedes_or_equals(numbers_.stat_sn, numbers.stat_sn));
    }
    known_ = true;
    numbers_ = numbers;
    next_cmd_sn_ = numbers.exp_cmd_sn;
  }
  void on_command(const Command& command) {
    ++commands;
    REQUIRE(tasks_.insert(command.task).second);
    if (command.write) REQUIRE(total_size(command.data) == command.expected_bytes);
  }
  void on_management(const ManagementAsked& asked) {
    managements_.push_back(asked.id);
    for (const TaskId task : asked.tasks) REQUIRE(tasks_.erase(task) == 1);  // was given, and is not again
  }
  void on_r2t(const R2t& r2t) {  // mostly as it should be
    transfer_ = r2t.transfer;
    if (!often()) return;
    connection_.receive(wire(DataOut{.task = r2t.task,
                                     .transfer = r2t.transfer,
                                     .exp_stat_sn = stat_sn(),
                                     .buffer_offset = r2t.buffer_offset},
                             pattern(r2t.desired_length)),
                        now_);
  }
  void answer_task() {
    if (tasks_.empty()) return;
    auto task = tasks_.begin();
    std::advance(task, random_.below(tasks_.size()));
    Outcome outcome{.status = static_cast<std::uint8_t>(random_.below(2) * 2), .transfer_bytes = random_.below(3000)};
    if (random_.below(2)) outcome.data = {Slice::copy_of(pattern(random_.below(3000)))};
    connection_.complete(*task, outcome, now_);
    connection_.complete(*task, outcome, now_);  // twice does no harm
    tasks_.erase(task);
  }
  void answer_management() {
    if (managements_.empty()) return;
    connection_.complete_management(managements_.back(), TaskResponse::complete, now_);
    managements_.pop_back();
  }

  std::uint32_t number(std::uint64_t below) { return static_cast<std::uint32_t>(random_.below(below)); }
  bool often() { return random_.below(4) != 0; }
  InitiatorTaskTag tag() { return random_.below(30) ? InitiatorTaskTag{0x10 + number(12)} : kNoTask; }
  CmdSn cmd_sn() { return next_cmd_sn_ + (random_.below(12) ? 0 : number(8) - 4); }
  StatSn stat_sn() { return numbers_.stat_sn + (often() ? 0 : number(4)); }
  std::uint32_t length() { return often() ? 512 * (1 + number(16)) : number(4) == 0 ? 0xffffffff : number(9000); }

  template <class Pdu>
  void send(Pdu pdu, std::size_t most_data) {
    pdu.exp_stat_sn = stat_sn();
    if constexpr (requires { pdu.cmd_sn; }) pdu.cmd_sn = cmd_sn();
    if constexpr (requires { pdu.immediate; }) {
      pdu.immediate = random_.below(6) == 0;
      if (!pdu.immediate && pdu.cmd_sn == next_cmd_sn_) ++next_cmd_sn_;
    }
    connection_.receive(wire(pdu, pattern(random_.below(3) ? 0 : random_.below(most_data))), now_);
  }

  void send_any() {
    switch (random_.below(16)) {
      case 0: return send(NopOut{.task = tag(), .transfer = random_.below(2) ? transfer_ : kNoTransfer}, 300);
      case 1:
        return send(TaskManagementRequest{.function = static_cast<TaskFunction>(number(10)),
                                          .task = tag(),
                                          .referenced_task = tag(),
                                          .ref_cmd_sn = cmd_sn()},
                    4);
      case 2:
        return send(
            TextRequest{
                .final = often(), .continued = !often(), .task = tag(), .transfer = often() ? kNoTransfer : transfer_},
            40);
      case 3: return send(SnackRequest{.task = tag()}, 4);
      case 4:
        if (random_.below(40)) return;
        return send(LogoutRequest{.reason = static_cast<LogoutRequestReason>(number(4)), .task = tag(), .cid = 0}, 4);
      case 5: return send(LoginRequest{.task = tag()}, 10);
      case 6: return send_raw();
      case 7:
      case 8:
      case 9:
      case 10:
        return send(DataOut{.final = often(),
                            .task = tag(),
                            .transfer = often() ? transfer_ : kNoTransfer,
                            .data_sn = {random_.below(10) ? 0 : number(3)},
                            .buffer_offset = 512 * number(4)},
                    3000);
      default:
        return send(ScsiCommand{.final = often(),
                                .read = random_.below(3) == 0,
                                .write = random_.below(2) == 0,
                                .attribute = static_cast<TaskAttribute>(often() ? 1 : number(8)),
                                .task = tag(),
                                .expected_data_transfer_length = length()},
                    2200);
    }
  }

  // A header of noise with an honest length.
  void send_raw() {
    BhsBytes bhs;
    random_.fill(bhs);
    bhs[4] = std::byte{0};
    bhs[5] = bhs[6] = bhs[7] = std::byte{0};
    connection_.receive(Slice::copy_of(bhs), now_);
  }

  SeededRandom random_;
  Connection& connection_;
  Time now_{};
  AnswerReader reader_;
  Numbering numbers_{StatSn{0}, CmdSn{1}, CmdSn{1}};
  CmdSn next_cmd_sn_{1};
  bool known_ = false, ended_ = false;
  TargetTransferTag transfer_{1};
  std::set<TaskId> tasks_;
  std::vector<ManagementId> managements_;
};

}  // namespace

TEST_CASE("a hostile initiator breaks nothing but its own connection") {
  std::size_t commands = 0, ended = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    Connection connection(LoginConfig{}, {.command_window = 8, .immediate_tasks = 3, .outstanding_write_bytes = 20000},
                          Time{});
    Hostile peer(seed, connection);
    peer.login();
    for (int i = 0; i < 1500 && !peer.ended(); ++i) {
      peer.step();
      peer.take_events();
    }
    commands += peer.commands;
    ended += peer.ended();
  }
  CHECK(commands > 10000);  // it did come far
  CHECK(ended < 300);
}
