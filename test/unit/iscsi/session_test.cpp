#include "target/iscsi/session.h"

#include <catch2/catch.hpp>

#include "test/support/session_rig.h"

using namespace shoal;
using namespace shoal::iscsi;
using test::Answer;
using test::SessionRig;

using Tags = std::vector<std::uint32_t>;

namespace {

// Why the next command fails; it is answered.
DataFault failure(SessionRig& rig) {
  const auto failed = rig.event<CommandFailed>();
  CHECK(failed.command.data.empty());
  rig.session().complete(failed.command.task, {.status = 0x02, .sense = Slice::copy_of(std::string("SENSE"))});
  const auto response = rig.answer<ScsiResponse>();
  CHECK(response.status == 0x02);
  CHECK(rig.data == std::string("\0\5SENSE", 7));
  return failed.fault;
}

}  // namespace

TEST_CASE("a read is answered by Data-In with the status in the last") {
  SessionRig rig;
  rig.send(rig.read(1, 6));
  const Command command = rig.command();
  CHECK(command.read);
  CHECK(command.expected_bytes == 6);
  rig.session().complete(command.task, rig.good("abcdef"));
  const auto data_in = rig.answer<DataIn>();
  CHECK(rig.data == "abcdef");
  CHECK(data_in.final);
  CHECK(data_in.has_status);
  CHECK(data_in.numbering == Numbering{StatSn{1000}, CmdSn{101}, CmdSn{228}});
  CHECK(rig.outbox.next_stat_sn() == StatSn{1001});
  CHECK(rig.session().idle());
}

TEST_CASE("a long read is cut, and only the PDU with status takes a StatSN") {
  SessionRig rig;
  rig.parameters.max_send_data_segment_bytes = 512;
  rig.parameters.max_burst_bytes = 1024;
  rig.send(rig.read(1, 1200));
  rig.session().complete(rig.command().task, rig.good(std::string(1200, 'x')));
  const auto answers = rig.answers();
  REQUIRE(answers.size() == 3);
  const auto cut = [&](std::size_t i) { return std::get<DataIn>(answers[i].pdu); };
  CHECK_FALSE(cut(0).final);
  CHECK(cut(1).final);
  CHECK_FALSE(cut(1).has_status);
  CHECK(cut(2).has_status);
  CHECK(cut(2).buffer_offset == 1024);
  CHECK(cut(2).data_sn == DataSn{2});
  CHECK(rig.outbox.next_stat_sn() == StatSn{1001});
}

TEST_CASE("a read that brings less underflows, one that has more overflows") {
  SessionRig rig;
  rig.send(rig.read(1, 10));
  rig.session().complete(rig.command().task, rig.good("abcd"));
  CHECK(rig.answer<DataIn>().residual == Residual{Residual::Kind::underflow, 6});
  rig.send(rig.read(2, 3));
  rig.session().complete(rig.command().task, rig.good("abcd"));
  CHECK(rig.answer<DataIn>().residual == Residual{Residual::Kind::overflow, 1});
  CHECK(rig.data == "abc");
  rig.send(rig.read(3, 0));  // R with nothing expected: a response, no Data-In
  rig.session().complete(rig.command().task, rig.good("abcd"));
  CHECK(rig.answer<ScsiResponse>().residual == Residual{Residual::Kind::overflow, 4});
}

TEST_CASE("a failed read has a response with sense, behind the data that there were") {
  SessionRig rig;
  rig.send(rig.read(1, 8));
  Outcome outcome = rig.good("abcd");
  outcome.status = 0x02;
  outcome.sense = Slice::copy_of(std::string("SENSE"));
  rig.session().complete(rig.command().task, outcome);
  const auto answers = rig.answers();
  REQUIRE(answers.size() == 2);
  CHECK_FALSE(std::get<DataIn>(answers[0].pdu).has_status);
  const auto response = std::get<ScsiResponse>(answers[1].pdu);
  CHECK(response.status == 0x02);
  CHECK(response.exp_data_sn == DataSn{1});
  CHECK(answers[1].data == std::string("\0\5SENSE", 7));
}

TEST_CASE("a write with immediate data is ready at once") {
  SessionRig rig;
  rig.send(rig.write(1, 4), "data");
  const Command command = rig.command();
  CHECK(test::text_of(command.data) == "data");
  rig.session().complete(command.task, rig.wrote(4));
  const auto response = rig.answer<ScsiResponse>();
  CHECK(response.status == 0);
  CHECK(response.residual == Residual{});
}

TEST_CASE("a write is solicited, gathered, and answered") {
  SessionRig rig;
  rig.parameters.max_burst_bytes = 512;
  rig.send(rig.write(1, 1500));
  auto answers = rig.answers();
  REQUIRE(answers.size() == 2);  // MaxOutstandingR2T
  const auto first = std::get<R2t>(answers[0].pdu), second = std::get<R2t>(answers[1].pdu);
  CHECK(first.desired_length == 512);
  CHECK(second.buffer_offset == 512);
  CHECK(first.transfer != second.transfer);
  CHECK(first.numbering.stat_sn == StatSn{1000});
  CHECK(rig.outbox.next_stat_sn() == StatSn{1000});
  rig.send(rig.data_for(first), std::string(512, 'a'));
  const auto third = rig.answer<R2t>();
  CHECK(third.desired_length == 476);
  rig.send(rig.data_for(second), std::string(512, 'b'));
  CHECK(rig.silent());
  CHECK_FALSE(rig.next_event());
  rig.send(rig.data_for(third), std::string(476, 'c'));
  const Command command = rig.command();
  CHECK(test::text_of(command.data) == std::string(512, 'a') + std::string(512, 'b') + std::string(476, 'c'));
  rig.session().complete(command.task, rig.wrote(1500));
  CHECK(rig.answer<ScsiResponse>().exp_data_sn == DataSn{3});
}

TEST_CASE("data that break a rule end the task before SCSI sees it") {
  SessionRig rig;
  rig.parameters.initial_r2t = false;
  rig.parameters.first_burst_bytes = 512;
  SECTION("more than FirstBurstLength") {
    rig.send(rig.write(1, 2000), std::string(513, 'x'));
    CHECK(failure(rig) == DataFault::wrong_amount);
  }
  SECTION("data with a command that writes nothing") {
    rig.send(rig.read(1, 2000), "x");
    CHECK(failure(rig) == DataFault::unexpected_unsolicited);
  }
  SECTION("DataSN out of sequence, after the burst has ended") {
    rig.send(rig.write(1, 512, false));
    rig.send(DataOut{.final = false, .task = {1}, .data_sn = {27}}, std::string(256, 'x'));
    CHECK(rig.silent());
    rig.send(DataOut{.final = true, .task = {1}, .data_sn = {28}, .buffer_offset = 256}, std::string(256, 'x'));
    CHECK(failure(rig) == DataFault::damaged);
  }
  SECTION("more than this target gathers") {
    rig.send(rig.write(1, rig.limits.command_data_bytes + 1));
    CHECK(failure(rig) == DataFault::too_long);
  }
  SECTION("both directions") {
    ScsiCommand both = rig.write(1, 100);
    both.read = true;
    rig.send(both, std::string(100, 'x'));
    CHECK(failure(rig) == DataFault::not_supported);
  }
  CHECK_FALSE(rig.next_event());
  CHECK(rig.session().idle());
  rig.send(rig.read(1, 4));  // the tag is free again, the number was taken
  CHECK(rig.ready() == Tags{1});
}

TEST_CASE("a damaged data digest is rejected and ends the task when its sequence has ended") {
  SessionRig rig;
  rig.send(rig.write(1, 1000));
  const auto r2t = rig.answer<R2t>();
  DataOut half = rig.data_for(r2t);
  half.final = false;
  rig.send(half, std::string(500, 'x'), false);
  const auto reject = rig.answer<Reject>();
  CHECK(reject.reason == RejectReason::data_digest_error);
  CHECK(rig.data.size() == 48);
  rig.send(DataOut{.final = true, .task = {1}, .transfer = r2t.transfer, .data_sn = {1}, .buffer_offset = 500},
           std::string(500, 'x'));
  CHECK(failure(rig) == DataFault::damaged);
  CHECK_FALSE(rig.next_event());
}

TEST_CASE("a command whose immediate data are damaged is rejected, and its number is to be used again") {
  SessionRig rig;
  const ScsiCommand write = rig.write(1, 4);
  rig.send(write, "dat!", false);
  const auto reject = rig.answer<Reject>();
  CHECK(reject.reason == RejectReason::data_digest_error);
  CHECK(reject.numbering.exp_cmd_sn == CmdSn{100});
  CHECK_FALSE(rig.next_event());
  rig.send(write, "data");
  CHECK(test::text_of(rig.command().data) == "data");
}

TEST_CASE("damaged data that are held behind a hole are rejected once, and end their task") {
  SessionRig rig;
  rig.parameters.initial_r2t = false;
  const ScsiCommand first = rig.read(1, 4), second = rig.write(2, 4, false);
  rig.send(second);
  rig.send(DataOut{.task = {2}}, "data", false);
  CHECK(rig.silent());
  rig.send(first);
  CHECK(rig.answer<Reject>().reason == RejectReason::data_digest_error);
  CHECK(rig.command().tag == InitiatorTaskTag{1});
  CHECK(failure(rig) == DataFault::damaged);
}

TEST_CASE("data for an unknown task are dropped; for an unknown transfer they are rejected") {
  SessionRig rig;
  rig.send(DataOut{.task = {99}, .transfer = {1}}, "stray");
  CHECK(rig.silent());
  rig.send(rig.write(1, 1000));
  const auto r2t = rig.answer<R2t>();
  rig.send(DataOut{.task = {1}, .transfer = {r2t.transfer.value + 1}}, "stray");
  CHECK(rig.answer<Reject>().reason == RejectReason::invalid_pdu_field);
}

TEST_CASE("duplicates and numbers outside the window are ignored silently") {
  SessionRig rig;
  ScsiCommand command = rig.read(1, 4);
  rig.send(command);
  CHECK(rig.ready() == Tags{1});
  rig.send(command);
  command.cmd_sn = CmdSn{99};
  rig.send(command);
  command.cmd_sn = CmdSn{100 + 128 + 1};
  command.task = {2};
  rig.send(command);
  CHECK_FALSE(rig.next_event());
  CHECK(rig.silent());
}

TEST_CASE("a hole blocks, and what came behind it is delivered in order, unsolicited data too") {
  SessionRig rig;
  rig.parameters.initial_r2t = false;
  const ScsiCommand first = rig.read(1, 4), second = rig.write(2, 8, false), third = rig.read(3, 4);
  rig.send(third);
  rig.send(second, "1234");
  rig.send(DataOut{.task = {2}, .buffer_offset = 4}, "5678");
  CHECK_FALSE(rig.next_event());
  rig.send(first);
  CHECK(rig.command().tag == first.task);
  const Command write = rig.command();
  CHECK(write.tag == second.task);
  CHECK(test::text_of(write.data) == "12345678");
  CHECK(rig.ready() == Tags{3});
}

TEST_CASE("a tag in use is refused") {
  SessionRig rig;
  rig.send(rig.read(1, 4));
  rig.send(rig.read(1, 4));
  CHECK(rig.answer<Reject>().reason == RejectReason::task_in_progress);
  CHECK(rig.ready() == Tags{1});
}

TEST_CASE("a command that is rejected was not received: what follows waits until its number comes again") {
  SessionRig rig;
  rig.send(rig.read(1, 4));
  ScsiCommand again = rig.read(1, 4);
  rig.send(again);
  const auto reject = rig.answer<Reject>();
  CHECK(reject.numbering.exp_cmd_sn == again.cmd_sn);
  CHECK(reject.numbering.max_cmd_sn == CmdSn{228 - 1});
  rig.send(rig.read(3, 4));
  CHECK(rig.ready() == Tags{1});
  again.task = {2};
  rig.send(again);
  CHECK(rig.ready() == Tags{2, 3});
}

TEST_CASE("a command behind a hole that is rejected is a hole itself, which ABORT TASK may fill") {
  SessionRig rig;
  const ScsiCommand first = rig.read(1, 4), second = rig.read(1, 4), third = rig.read(3, 4);
  rig.send(third);
  rig.send(second);
  rig.send(first);
  CHECK(rig.answer<Reject>().numbering.exp_cmd_sn == second.cmd_sn);
  CHECK(rig.ready() == Tags{1});
  rig.send(TaskManagementRequest{.immediate = true,
                                 .function = TaskFunction::abort_task,
                                 .task = {9},
                                 .referenced_task = {2},
                                 .cmd_sn = rig.next_cmd_sn,
                                 .ref_cmd_sn = second.cmd_sn});
  CHECK(rig.answer<TaskManagementResponse>().response == TaskResponse::complete);
  CHECK(rig.ready() == Tags{3});
}

TEST_CASE("a text request that is rejected was not received") {
  SessionRig rig;
  TextRequest text{.final = true, .continued = true, .task = {1}, .transfer = kNoTransfer, .cmd_sn = rig.next_cmd_sn};
  rig.send(text, "SendTargets=");
  CHECK(rig.answer<Reject>().numbering.exp_cmd_sn == CmdSn{100});
  text.continued = false;
  rig.send(text, std::string_view("SendTargets=\0", 13));
  rig.event<TargetsAsked>();
}

TEST_CASE("while others hold all write data that may be held, one burst at a time is asked for") {
  SessionRig rig;
  rig.parameters.max_outstanding_r2t = 1;
  rig.writes.change(0, kHeldWriteBytesOfAll);
  rig.send(rig.write(1, 1000));
  rig.send(rig.write(2, 1000));
  const auto first = rig.answer<R2t>();
  CHECK(first.task.value == 1);
  rig.send(rig.data_for(first), std::string(1000, 'x'));
  CHECK(rig.ready() == Tags{1});
  CHECK(rig.answer<R2t>().task.value == 2);
  CHECK(rig.writes.held() == kHeldWriteBytesOfAll + 2000);
}

TEST_CASE("unsolicited data for which there is no room are dropped, and their command ends with TASK SET FULL") {
  SessionRig rig;
  rig.parameters.initial_r2t = false;
  rig.writes.change(0, kHeldWriteBytesOfAll);
  rig.send(rig.write(1, 4), "data");  // who holds nothing gets on
  CHECK(rig.ready() == Tags{1});
  rig.send(rig.write(2, 4), "data");
  CHECK(rig.answer<ScsiResponse>().status == 0x28);
  rig.send(rig.write(3, 8, false), "1234");
  CHECK(rig.silent());
  rig.send(DataOut{.final = true, .task = {3}, .buffer_offset = 4}, "5678");
  CHECK(rig.answer<ScsiResponse>().status == 0x28);
  CHECK_FALSE(rig.next_event());
  CHECK(rig.writes.held() == kHeldWriteBytesOfAll + 4);
}

TEST_CASE("what is held behind a hole counts, and is too much where there is no room") {
  SessionRig rig;
  const ScsiCommand first = rig.write(1, 4), second = rig.write(2, 4);
  rig.now = Time(3s);
  rig.send(second, "data");
  CHECK(rig.session().hole_since() == Time(3s));
  CHECK_FALSE(rig.session().hole_too_large());
  rig.now = Time(5s);
  rig.send(rig.write(3, 4), "data");
  CHECK(rig.session().hole_since() == Time(3s));
  CHECK(rig.writes.held() == 2 * (kBhsSize + 4));
  rig.writes.change(0, kHeldWriteBytesOfAll);
  CHECK(rig.session().hole_too_large());
  rig.send(first, "data");
  CHECK_FALSE(rig.session().hole_since());
  CHECK_FALSE(rig.session().hole_too_large());
}

TEST_CASE("immediate commands take no number and are bounded") {
  SessionRig rig;
  rig.limits.immediate_tasks = 2;
  const auto immediate = [&](std::uint32_t tag) {
    return ScsiCommand{.immediate = true, .task = {tag}, .cmd_sn = rig.next_cmd_sn};
  };
  rig.send(immediate(1));
  rig.send(immediate(2));
  rig.send(immediate(3));
  CHECK(rig.answer<Reject>().reason == RejectReason::immediate_command_reject);
  CHECK(rig.window.exp_cmd_sn() == CmdSn{100});
  const TaskId first = rig.command().task;
  CHECK(rig.ready() == Tags{2});
  rig.session().complete(first, rig.good());
  rig.send(immediate(4));
  CHECK(rig.ready() == Tags{4});
}

TEST_CASE(
    "a reset by somebody else ends what gathers and what waits for its turn, and data that come later are dropped") {
  SessionRig rig;
  rig.send(rig.write(1, 100));
  const auto r2t = rig.answer<R2t>();
  rig.send(rig.read(2, 4));
  const TaskId running = rig.command().task;
  rig.send(rig.read(3, 4, TaskAttribute::ordered));
  rig.session().abort_undelivered();
  const auto answers = rig.answers();
  REQUIRE(answers.size() == 2);
  for (std::size_t i : {0, 1}) {
    const auto aborted = std::get<ScsiResponse>(answers[i].pdu);
    CHECK(aborted.status == 0x40);
    CHECK(aborted.task == InitiatorTaskTag{i == 0 ? 1u : 3u});
  }
  rig.send(rig.data_for(r2t), std::string(100, 'x'));
  CHECK(rig.silent());
  CHECK_FALSE(rig.next_event());
  rig.session().complete(running, rig.good("text"));
  CHECK(rig.answer<DataIn>().task == InitiatorTaskTag{2});
  rig.send(rig.read(1, 4));  // its tag is free
  CHECK(rig.ready() == Tags{1});
}

TEST_CASE("simple tasks overtake a write that still gathers, ordered ones do not") {
  SessionRig rig;
  rig.send(rig.write(1, 100));
  const auto r2t = rig.answer<R2t>();
  rig.send(rig.read(2, 4));
  const TaskId second = rig.command().task;
  rig.send(rig.read(3, 4, TaskAttribute::ordered));
  rig.send(rig.read(4, 4));
  rig.send(rig.data_for(r2t), std::string(100, 'x'));
  const TaskId first = rig.command().task;
  CHECK_FALSE(rig.next_event());
  rig.session().complete(first, rig.wrote(100));
  CHECK_FALSE(rig.next_event());
  rig.session().complete(second, rig.good());
  const Command ordered = rig.command();
  CHECK(ordered.tag == InitiatorTaskTag{3});
  CHECK_FALSE(rig.next_event());
  rig.session().complete(ordered.task, rig.good());
  CHECK(rig.ready() == Tags{4});
}

TEST_CASE("a head of queue task starts at once, and what waits goes on waiting for it") {
  SessionRig rig;
  rig.send(rig.read(1, 4, TaskAttribute::ordered));
  const TaskId ordered = rig.command().task;
  rig.send(rig.read(2, 4));
  rig.send(rig.read(3, 4, TaskAttribute::head_of_queue));
  const Command urgent = rig.command();
  CHECK(urgent.tag == InitiatorTaskTag{3});
  rig.session().complete(ordered, rig.good());
  CHECK_FALSE(rig.next_event());
  rig.session().complete(urgent.task, rig.good());
  CHECK(rig.ready() == Tags{2});
}

TEST_CASE("what waits for an ordered task starts when that is aborted or fails") {
  SessionRig rig;
  SECTION("aborted while it runs") {
    const ScsiCommand ordered = rig.read(1, 4, TaskAttribute::ordered);
    rig.send(ordered);
    CHECK(rig.ready() == Tags{1});
    rig.send(rig.read(2, 4));
    rig.send(TaskManagementRequest{.immediate = true,
                                   .function = TaskFunction::abort_task,
                                   .task = {9},
                                   .referenced_task = {1},
                                   .cmd_sn = rig.next_cmd_sn,
                                   .ref_cmd_sn = ordered.cmd_sn});
    rig.event<ManagementAsked>();
    CHECK(rig.ready() == Tags{2});
  }
  SECTION("its data are damaged") {
    ScsiCommand ordered = rig.write(1, 4);
    ordered.attribute = TaskAttribute::ordered;
    rig.send(ordered);
    rig.send(rig.read(2, 4));
    CHECK_FALSE(rig.next_event());
    rig.send(rig.data_for(rig.answer<R2t>()), "data", false);
    rig.event<CommandFailed>();
    CHECK(rig.ready() == Tags{2});
  }
}

TEST_CASE("the attribute ACA is refused where no such condition can be") {
  SessionRig rig;
  SECTION("a read") { rig.send(rig.read(1, 4, TaskAttribute::aca)); }
  SECTION("a write, when its data have come") {
    ScsiCommand write = rig.write(1, 4);
    write.attribute = TaskAttribute::aca;
    rig.send(write, "data");
  }
  CHECK(failure(rig) == DataFault::no_aca);
  CHECK_FALSE(rig.next_event());
}

TEST_CASE("R2Ts wait for the session's budget, the oldest never") {
  SessionRig rig;
  rig.limits.outstanding_write_bytes = 1000;
  rig.send(rig.write(1, 5000));
  const auto first = rig.answer<R2t>();
  rig.send(rig.write(2, 100));
  CHECK(rig.silent());
  rig.send(rig.data_for(first), std::string(5000, 'x'));
  const auto second = rig.answer<R2t>();  // now the oldest that gathers
  rig.send(rig.write(3, 100));
  CHECK(rig.silent());
  rig.session().complete(rig.command().task, rig.wrote(5000));
  const auto answers = rig.answers();
  REQUIRE(answers.size() == 2);  // the response, and the R2T that it made room for
  CHECK(std::get<R2t>(answers[1].pdu).task == InitiatorTaskTag{3});
  rig.send(rig.data_for(second), std::string(100, 'x'));
  CHECK(rig.ready() == Tags{2});
}

TEST_CASE("a ping is echoed, one that wants no answer is not") {
  SessionRig rig;
  rig.send(NopOut{.immediate = true, .lun = {7}, .task = {1}, .cmd_sn = {100}}, "hello");
  const auto nop = rig.answer<NopIn>();
  CHECK(rig.data == "hello");
  CHECK(nop.transfer == kNoTransfer);
  CHECK(rig.outbox.next_stat_sn() == StatSn{1001});
  rig.send(NopOut{.immediate = true, .cmd_sn = {100}}, "hello");
  CHECK(rig.silent());
  rig.send(NopOut{.task = {1}, .cmd_sn = {100}});
  CHECK(rig.answer<NopIn>().numbering.exp_cmd_sn == CmdSn{101});
}

TEST_CASE("our own ping takes no StatSN and is over when its tag comes back") {
  SessionRig rig;
  rig.session().send_ping();
  rig.session().send_ping();
  const auto nop = rig.answer<NopIn>();
  CHECK(nop.task == kNoTask);
  CHECK(nop.numbering.stat_sn == StatSn{1000});
  CHECK(rig.outbox.next_stat_sn() == StatSn{1000});
  rig.send(NopOut{.immediate = true, .transfer = {nop.transfer.value + 1}});
  CHECK(rig.session().ping_outstanding());
  rig.send(NopOut{.immediate = true, .transfer = nop.transfer});
  CHECK_FALSE(rig.session().ping_outstanding());
}

TEST_CASE("what ErrorRecoveryLevel 0 or full feature phase has not is rejected") {
  SessionRig rig;
  rig.send(SnackRequest{});
  CHECK(rig.answer<Reject>().reason == RejectReason::protocol_error);
  rig.send(LoginRequest{.cmd_sn = {100}});
  CHECK(rig.answer<Reject>().reason == RejectReason::protocol_error);
  BhsBytes unknown = encode(NopOut{.immediate = true});
  unknown[0] = std::byte{0x5c};
  rig.session().on_frame({unknown, {}, {}, true}, Time{});
  CHECK(rig.answer<Reject>().reason == RejectReason::command_not_supported);
  CHECK(rig.outbox.next_stat_sn() == StatSn{1003});
}

TEST_CASE("a discovery session has no tasks") {
  SessionRig rig;
  rig.parameters.discovery = true;
  rig.send(rig.read(1, 4));
  CHECK(rig.answer<Reject>().reason == RejectReason::protocol_error);
  rig.send(TaskManagementRequest{.immediate = true, .task = {2}, .cmd_sn = {100}});
  CHECK(rig.answer<Reject>().reason == RejectReason::protocol_error);
  CHECK_FALSE(rig.next_event());
}

TEST_CASE("acknowledgement is what the initiator has said, and no more than was sent") {
  SessionRig rig;
  rig.send(NopOut{.immediate = true, .task = {1}, .cmd_sn = {100}, .exp_stat_sn = {1000}});
  CHECK_FALSE(rig.session().acknowledged());
  rig.send(NopOut{.immediate = true, .cmd_sn = {100}, .exp_stat_sn = {5000}});
  CHECK_FALSE(rig.session().acknowledged());
  rig.send(NopOut{.immediate = true, .cmd_sn = {100}, .exp_stat_sn = {1001}});
  CHECK(rig.session().acknowledged());
}

TEST_CASE("logout waits for the driver; tasks in progress are answered, what comes later is not") {
  SessionRig rig;
  rig.send(rig.read(1, 4));
  rig.send(rig.write(2, 100));
  CHECK(rig.answers().size() == 1);  // R2T
  const Command read = rig.command();
  rig.send(LogoutRequest{.immediate = true, .task = {9}, .cmd_sn = {102}});
  CHECK(rig.event<LogoutAsked>().reason == LogoutRequestReason::close_session);
  CHECK(rig.silent());
  rig.send(rig.read(3, 4));
  rig.send(NopOut{.immediate = true, .task = {4}});
  CHECK_FALSE(rig.next_event());
  rig.session().complete(read.task, rig.good("data"));
  CHECK(rig.session().idle());  // the write that still gathered is gone
  CHECK(rig.session().finish_logout());
  const auto answers = rig.answers();
  REQUIRE(answers.size() == 2);
  CHECK(std::get<LogoutResponse>(answers[1].pdu).result == LogoutResult::closed);
  CHECK(std::get<LogoutResponse>(answers[1].pdu).numbering.stat_sn == StatSn{1001});
}

TEST_CASE("a logout that cannot be is answered and changes nothing") {
  SessionRig rig;
  rig.parameters.cid = 1;
  const auto logout = [&](std::uint8_t reason, std::uint16_t cid) {
    return LogoutRequest{.immediate = true,
                         .reason = static_cast<LogoutRequestReason>(reason),
                         .task = {9},
                         .cid = cid,
                         .cmd_sn = {100}};
  };
  rig.send(logout(1, 5));
  CHECK(rig.answer<LogoutResponse>().result == LogoutResult::cid_not_found);
  rig.send(logout(2, 1));
  CHECK(rig.answer<LogoutResponse>().result == LogoutResult::recovery_not_supported);
  rig.send(logout(3, 1));
  CHECK(rig.answer<Reject>().reason == RejectReason::invalid_pdu_field);
  CHECK_FALSE(rig.session().logging_out());
  CHECK_FALSE(rig.session().finish_logout());
}
