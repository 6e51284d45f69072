// Session's task management (RFC 7143 4.2.3, 11.5, 11.6).
#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/iscsi/session.h"

namespace shoal::iscsi {

void Session::deliver(const TaskManagementRequest& request, Frame& frame) {
  if (refuse_in_use(request.task, request.immediate, frame)) return;
  switch (request.function) {
    case TaskFunction::abort_task: return abort_one(request);
    case TaskFunction::abort_task_set:
    case TaskFunction::clear_task_set:
    case TaskFunction::logical_unit_reset:
    case TaskFunction::target_warm_reset:
    case TaskFunction::target_cold_reset: return abort_set(request);
    case TaskFunction::task_reassign: return respond(request, TaskResponse::reassignment_not_supported);
    default: return respond(request, TaskResponse::not_supported);
  }
}

// 11.5.1, 11.5.5: the task is with SCSI, still gathers, waits behind a hole, never came, or is answered.
void Session::abort_one(const TaskManagementRequest& request) {
  if (Task* task = tasks_.find(request.referenced_task)) {
    if (task->delivered) return abort_set(request);
    drop_task(*task);
    respond(request, TaskResponse::complete);
    if (!undelivered_.empty()) pump();
    return;
  }
  const bool gone = drop_held(request.referenced_task) ||
                    (precedes(request.ref_cmd_sn, request.cmd_sn) && window_.count_as_received(request.ref_cmd_sn));
  respond(request, gone ? TaskResponse::complete : TaskResponse::task_does_not_exist);
}

void Session::abort_set(const TaskManagementRequest& request) {
  request.immediate ? void(++immediate_in_progress_) : window_.started();
  managements_.push_back({ManagementId{++arrivals_}, request, false});
  begin_waiting_managements();
}

// Commands numbered before the request must have come, unless they can come no more.
void Session::begin_waiting_managements() {
  for (std::size_t i = 0; i < managements_.size(); ++i) {
    Management& one = managements_[i];
    const CmdSn cmd_sn = one.request.cmd_sn;
    const bool may_come = one.request.function != TaskFunction::abort_task && !window_.closed() &&
                          precedes(window_.exp_cmd_sn(), cmd_sn) && precedes(cmd_sn, window_.max_cmd_sn() + 2);
    if (!one.asked && !may_come) begin(one);
  }
}

void Session::begin(Management& management) {
  management.asked = true;
  ManagementAsked asked{management.id, management.request.function, management.request.lun, {}};
  std::vector<TaskId> affected;
  tasks_.for_each([&](const Task& task) {
    if (affects(management, task)) affected.push_back(task.id);
  });
  std::sort(affected.begin(), affected.end());  // in order of arrival
  for (const TaskId id : affected) {
    Task* task = tasks_.find(id);
    if (task->delivered) asked.tasks.push_back(id);
    drop_task(*task);
  }
  events_.push(std::move(asked));
  if (!undelivered_.empty()) pump();
}

bool Session::affects(const Management& management, const Task& task) const {
  const TaskManagementRequest& request = management.request;
  if (request.function == TaskFunction::abort_task) return task.command.tag == request.referenced_task;
  const bool whole_target =
      request.function == TaskFunction::target_warm_reset || request.function == TaskFunction::target_cold_reset;
  if (!whole_target && task.command.lun != request.lun) return false;
  return task.command.immediate ? task.arrival() < management.id.value : precedes(task.cmd_sn, request.cmd_sn);
}

void Session::abort_undelivered() {
  for (const Command& command : events_.take_commands()) {
    if (Task* const task = tasks_.find(command.task)) end_undelivered(*task, kTaskAborted);
  }
  for (const std::uint16_t slot : std::exchange(undelivered_, {})) end_undelivered(tasks_.at(slot), kTaskAborted);
}

void Session::end_undelivered(Task& found, std::uint8_t status) {
  const Task task = std::move(found);
  release(found);
  send_response(task, status, residual_of(0, task.command.expected_bytes), task.transfer.r2ts_sent(), {});
}

void Session::drop_task(Task& task) {
  if (!task.delivered) std::erase(undelivered_, TaskTable::slot_of(task));
  release(task);
}

bool Session::drop_held(InitiatorTaskTag tag) {
  const auto found = std::find_if(held_.begin(), held_.end(), [&](const auto& one) { return one.second.task == tag; });
  if (tag == kNoTask || found == held_.end()) return false;
  forget(found->second);
  held_.erase(found);
  return true;
}

void Session::complete_management(ManagementId id, TaskResponse response) {
  const auto found =
      std::find_if(managements_.begin(), managements_.end(), [&](const Management& one) { return one.id == id; });
  if (found == managements_.end() || logging_out()) return;
  CHECK(found->asked, id);
  const TaskManagementRequest request = found->request;
  managements_.erase(found);
  if (request.immediate) {
    --immediate_in_progress_;
  } else {
    window_.finished();
  }
  respond(request, response);
}

void Session::respond(const TaskManagementRequest& request, TaskResponse response) {
  outbox_.answer(TaskManagementResponse{.response = response, .task = request.task});
}

}  // namespace shoal::iscsi
