// Mirrors target/iscsi/session_management.cpp.
#include <catch2/catch.hpp>

#include "test/support/session_rig.h"

using namespace shoal;
using namespace shoal::iscsi;
using test::SessionRig;

namespace {

TaskManagementRequest abort_of(SessionRig& rig, const ScsiCommand& command, std::uint32_t tag = 50) {
  return {.immediate = true,
          .function = TaskFunction::abort_task,
          .lun = command.lun,
          .task = {tag},
          .referenced_task = command.task,
          .cmd_sn = rig.next_cmd_sn,
          .ref_cmd_sn = command.cmd_sn};
}

TaskManagementRequest set_request(SessionRig& rig, TaskFunction function, std::uint32_t tag = 50) {
  return {.immediate = true, .function = function, .lun = {0}, .task = {tag}, .cmd_sn = rig.next_cmd_sn};
}

}  // namespace

TEST_CASE("an aborted task is never answered; the request is, when the driver says so") {
  SessionRig rig;
  const ScsiCommand read = rig.read(1, 4);
  rig.send(read);
  const TaskId task = rig.command().task;
  rig.send(abort_of(rig, read));
  const auto asked = rig.event<ManagementAsked>();
  CHECK(asked.tasks == std::vector<TaskId>{task});
  CHECK(rig.silent());
  rig.session().complete(task, rig.good("late"));
  CHECK(rig.silent());
  CHECK_FALSE(rig.session().idle());
  rig.session().complete_management(asked.id, TaskResponse::complete);
  CHECK(rig.answer<TaskManagementResponse>().response == TaskResponse::complete);
  CHECK(rig.session().idle());
}

TEST_CASE("a write that still gathers is aborted here, and its data are dropped") {
  SessionRig rig;
  const ScsiCommand write = rig.write(1, 100);
  rig.send(write);
  const auto r2t = rig.answer<R2t>();
  rig.send(abort_of(rig, write));
  CHECK(rig.answer<TaskManagementResponse>().response == TaskResponse::complete);
  rig.send(rig.data_for(r2t), std::string(100, 'x'));
  CHECK(rig.silent());
  CHECK_FALSE(rig.next_event());
}

TEST_CASE("an answered task does not exist") {
  SessionRig rig;
  const ScsiCommand read = rig.read(1, 4);
  rig.send(read);
  rig.session().complete(rig.command().task, rig.good("data"));
  rig.answers();
  rig.send(abort_of(rig, read));
  CHECK(rig.answer<TaskManagementResponse>().response == TaskResponse::task_does_not_exist);
}

TEST_CASE("a command that never came counts as received when it is aborted") {
  SessionRig rig;
  const ScsiCommand lost = rig.read(1, 4), second = rig.read(2, 4);
  rig.send(second);
  CHECK_FALSE(rig.next_event());
  rig.send(abort_of(rig, lost));
  CHECK(rig.answer<TaskManagementResponse>().response == TaskResponse::complete);
  CHECK(rig.command().tag == second.task);
  rig.send(lost);  // late
  CHECK_FALSE(rig.next_event());
}

TEST_CASE("RefCmdSN outside the window, or not before the request itself, is no task") {
  SessionRig rig;
  ScsiCommand never = rig.read(1, 4);
  rig.next_cmd_sn = CmdSn{100};
  rig.send(abort_of(rig, never));  // RefCmdSN 100, CmdSN 100
  CHECK(rig.answer<TaskManagementResponse>().response == TaskResponse::task_does_not_exist);
  never.cmd_sn = CmdSn{99};
  rig.send(abort_of(rig, never, 51));
  CHECK(rig.answer<TaskManagementResponse>().response == TaskResponse::task_does_not_exist);
  CHECK(rig.window.exp_cmd_sn() == CmdSn{100});
}

TEST_CASE("a command that waits behind a hole is aborted before it is seen") {
  SessionRig rig;
  const ScsiCommand first = rig.read(1, 4), second = rig.read(2, 4);
  rig.send(second);
  rig.send(abort_of(rig, second));
  CHECK(rig.answer<TaskManagementResponse>().response == TaskResponse::complete);
  rig.send(first);
  CHECK(rig.command().tag == first.task);
  CHECK_FALSE(rig.next_event());
  CHECK(rig.window.exp_cmd_sn() == CmdSn{102});
}

TEST_CASE("a task set is aborted when the commands numbered before the request have come") {
  SessionRig rig;
  const ScsiCommand first = rig.read(1, 4), second = rig.read(2, 4);
  rig.send(first);
  const TaskId first_task = rig.command().task;
  rig.send(set_request(rig, TaskFunction::abort_task_set));
  CHECK_FALSE(rig.next_event());
  const ScsiCommand later = rig.read(3, 4);
  rig.send(later);  // behind the hole, and behind the request
  rig.send(second);
  const TaskId second_task = rig.command().task;
  const TaskId later_task = rig.command().task;
  const auto asked = rig.event<ManagementAsked>();
  CHECK(asked.tasks == std::vector<TaskId>{first_task, second_task});
  rig.session().complete(later_task, rig.good("data"));
  CHECK(rig.answer<DataIn>().task == later.task);
}

TEST_CASE("a request that waits for commands goes on when the window is closed") {
  SessionRig rig;
  rig.next_cmd_sn = CmdSn{103};
  rig.send(set_request(rig, TaskFunction::logical_unit_reset));
  CHECK_FALSE(rig.next_event());
  rig.session().close_window();
  CHECK(rig.event<ManagementAsked>().tasks.empty());
}

TEST_CASE("a reset of a unit takes that unit's tasks, a reset of the target all") {
  SessionRig rig;
  ScsiCommand other = rig.read(1, 4);
  other.lun = Lun{1ull << 48};
  rig.send(other);
  const TaskId other_task = rig.command().task;
  rig.send(rig.write(2, 100));  // gathering
  rig.answers();
  rig.send(set_request(rig, TaskFunction::logical_unit_reset));
  const auto unit = rig.event<ManagementAsked>();
  CHECK(unit.tasks.empty());
  CHECK(rig.session().open_tasks() == 1);
  rig.send(set_request(rig, TaskFunction::target_warm_reset, 51));
  const auto target = rig.event<ManagementAsked>();
  CHECK(target.tasks == std::vector<TaskId>{other_task});
  rig.session().complete_management(target.id, TaskResponse::complete);
  rig.session().complete_management(unit.id, TaskResponse::lun_does_not_exist);
  CHECK(rig.answers().size() == 2);
}

TEST_CASE("functions that are not had are answered at once") {
  SessionRig rig;
  rig.send(set_request(rig, TaskFunction::task_reassign));
  CHECK(rig.answer<TaskManagementResponse>().response == TaskResponse::reassignment_not_supported);
  for (const std::uint8_t function : {0, 3, 9, 12, 77}) {
    rig.send(set_request(rig, static_cast<TaskFunction>(function)));
    CHECK(rig.answer<TaskManagementResponse>().response == TaskResponse::not_supported);
  }
  CHECK_FALSE(rig.next_event());
}

TEST_CASE("a numbered request takes its number and occupies the window until it is answered") {
  SessionRig rig;
  TaskManagementRequest reset = set_request(rig, TaskFunction::logical_unit_reset);
  reset.immediate = false;
  reset.cmd_sn = rig.next_cmd_sn++;
  rig.send(reset);
  const auto asked = rig.event<ManagementAsked>();
  CHECK(rig.window.exp_cmd_sn() == CmdSn{101});
  CHECK(rig.window.max_cmd_sn() == CmdSn{227});
  rig.session().complete_management(asked.id, TaskResponse::complete);
  CHECK(rig.answer<TaskManagementResponse>().numbering.max_cmd_sn == CmdSn{228});
}

TEST_CASE(
    "a reset by somebody else ends commands that the driver has not taken yet, and nothing else that waits for it") {
  SessionRig rig;
  rig.send(rig.read(1, 4));
  rig.send(rig.write(2, 100), std::string(100, 'x'));
  rig.send(set_request(rig, TaskFunction::clear_task_set, 3));
  rig.send(rig.read(4, 4));
  rig.session().abort_undelivered();
  CHECK(rig.answer<ScsiResponse>().status == 0x40);
  const auto event = rig.next_event();
  REQUIRE(event);
  CHECK(std::get<ManagementAsked>(*event).function == TaskFunction::clear_task_set);
  CHECK_FALSE(rig.next_event());
  rig.send(rig.read(4, 4));
  CHECK(rig.command().tag == InitiatorTaskTag{4});
}

TEST_CASE("management requests count with the immediate commands") {
  SessionRig rig;
  rig.limits.immediate_tasks = 1;
  rig.send(set_request(rig, TaskFunction::logical_unit_reset, 50));
  rig.send(set_request(rig, TaskFunction::logical_unit_reset, 51));
  CHECK(rig.answer<Reject>().reason == RejectReason::immediate_command_reject);
}
