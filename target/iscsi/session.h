// Session: full feature phase (RFC 7143 4.2, 4.3, 11) of the one connection that a session has here. PDUs come in,
// events and PDUs go out; deadlines, login and the end of the connection are connection.h's.
//
// Rules that bind more than one PDU:
// - Numbered requests are delivered in CmdSN order; a frame ahead of a hole is held whole, with its unsolicited data.
// - A request that is rejected counts as not received (7.3): its number is a hole.
// - A task enters SCSI when its data are gathered and its attribute lets it (task_order.h). A SIMPLE task may overtake
// a
//   SIMPLE one that still gathers; nothing overtakes an ORDERED one, nor starts before it has ended.
// - R2Ts are granted in that order from one budget; the oldest gathering task is never refused.
// - Task management over sets of tasks waits until every command numbered before it has come (4.2.3.3). Responses that
//   were sent before need no fence: there is one connection, and it keeps order (4.2.3.3.1). Data still on their way to
//   an aborted task are dropped when they come; they are not waited for.
// - No SCSI Response for an aborted task.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "target/iscsi/command_window.h"
#include "target/iscsi/event_queue.h"
#include "target/iscsi/events.h"
#include "target/iscsi/framer.h"
#include "target/iscsi/limits.h"
#include "target/iscsi/outbox.h"
#include "target/iscsi/pdu.h"
#include "target/iscsi/task_order.h"
#include "target/iscsi/task_table.h"
#include "target/iscsi/text_exchange.h"
#include "target/iscsi/write_budget.h"

namespace shoal::iscsi {

class Session {
 public:
  Session(const SessionParameters& parameters, const ConnectionLimits& limits, CommandWindow& window, Outbox& outbox,
          EventQueue& events, WriteBudget& writes);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void on_frame(Frame frame, Time now);

  void complete(TaskId id, const Outcome& outcome);
  void complete_management(ManagementId id, TaskResponse response);
  // Ends what SCSI has not seen yet of the tasks, with TASK ABORTED: somebody else has reset the unit.
  void abort_undelivered();
  void answer_targets(const std::vector<TargetRecord>& targets);
  bool finish_logout();  // false: none was asked for
  bool logging_out() const { return logout_.has_value(); }

  void send_ping();  // NOP-In that asks; one is outstanding at most
  bool ping_outstanding() const { return ping_ != kNoTransfer; }
  void send_async(AsyncEvent event, std::uint16_t parameter1, std::uint16_t parameter2, std::uint16_t parameter3);
  void reject(const BhsBytes& bad, RejectReason reason);

  // The drop (connection.h): no command is taken any more.
  void close_window();
  void forget_gathering();  // tasks that SCSI has not seen
  bool idle() const { return tasks_.size() == 0 && managements_.empty(); }
  bool acknowledged() const { return acknowledged_ == outbox_.next_stat_sn(); }

  std::size_t open_tasks() const { return tasks_.size(); }
  unsigned text_requests() const { return text_requests_; }
  std::size_t held_text_bytes() const { return text_.held_bytes(); }
  // More write data than its share (write_budget.h): what has been received should be dealt with before more is read.
  bool holds_too_much() const { return writes_.exceeded(); }
  // Since when commands wait for one that is missing.
  std::optional<Time> hole_since() const { return hole_since_; }
  // They hold more than may be held for one that may never come.
  bool hole_too_large() const {
    return held_bytes_ != 0 && (held_bytes_ > limits_.outstanding_write_bytes || holds_too_much());
  }
  const SessionParameters& parameters() const { return parameters_; }

 private:
  struct Held {  // a request ahead of a hole, and the data that came for it
    std::vector<Frame> frames;
    std::size_t bytes = 0;       // of all frames
    std::size_t data_bytes = 0;  // of Data-Out
    InitiatorTaskTag task = kNoTask;
  };
  struct Management {
    ManagementId id;
    TaskManagementRequest request;
    bool asked = false;  // else it waits for commands numbered before it
  };

  // One PDU kind each: `on` when it arrives, `deliver` when its turn has come.
  template <class Pdu>
  void on(const Pdu& request, Frame& frame);
  void on(const DataOut& data, Frame& frame);
  void on(const SnackRequest&, Frame& frame) { reject(frame.bhs, RejectReason::protocol_error); }
  void on(const LoginRequest&, Frame& frame) { reject(frame.bhs, RejectReason::protocol_error); }
  void deliver(const NopOut& request, Frame& frame);
  void deliver(const ScsiCommand& request, Frame& frame);
  void deliver(const TaskManagementRequest& request, Frame& frame);
  void deliver(const TextRequest& request, Frame& frame);
  void deliver(const LogoutRequest& request, Frame& frame);

  void note_acknowledged(StatSn exp_stat_sn);
  void hold(CmdSn cmd_sn, InitiatorTaskTag task, Frame& frame);
  bool hold_data(const DataOut& data, Frame& frame);  // false: for nothing that is held, or too much
  void deliver_held();
  void forget(const Held& held);
  void forget_held();
  void note_hole(Time now);
  void refuse(bool immediate, const Frame& frame, RejectReason reason);
  bool refuse_in_use(InitiatorTaskTag tag, bool immediate, const Frame& frame);

  WriteTransfer transfer_of(const ScsiCommand& request, Frame& frame) const;
  void pump();  // deliver, answer and solicit whatever may be now
  bool settle(Task& task, TaskOrder::Older older);
  void solicit(Task& task, bool first, bool& budget_left);
  void deliver_to_scsi(Task& task);
  void count_claim(Task& task);
  void keep_to_share(Task& task, std::size_t more);
  void release(Task& task);

  void send_outcome(const Task& task, const Outcome& outcome);
  // Yields how many Data-In PDUs it was.
  std::uint32_t send_data_in(const Task& task, const Slices& data, const std::optional<DataInPdus::Status>& status);
  void send_response(const Task& task, std::uint8_t status, const Residual& residual, std::uint32_t exp_data_sn,
                     ByteSpan sense);

  void abort_one(const TaskManagementRequest& request);
  void abort_set(const TaskManagementRequest& request);
  void begin_waiting_managements();
  void begin(Management& management);
  bool affects(const Management& management, const Task& task) const;
  void end_undelivered(Task& task, std::uint8_t status);
  void drop_task(Task& task);
  bool drop_held(InitiatorTaskTag tag);
  void respond(const TaskManagementRequest& request, TaskResponse response);

  void take_step(const TextStep& step);
  TargetTransferTag fresh_tag();

  SessionParameters parameters_;
  const ConnectionLimits& limits_;
  CommandWindow& window_;
  Outbox& outbox_;
  EventQueue& events_;

  StatSn acknowledged_;  // the latest ExpStatSN
  std::uint64_t arrivals_ = 0;
  std::uint32_t next_tag_ = 1;

  TaskTable tasks_;
  TaskOrder order_;                         // of those that SCSI has
  std::vector<std::uint16_t> undelivered_;  // slots, in the order of arrival
  std::uint32_t immediate_in_progress_ = 0;
  std::map<std::uint32_t, Held> held_;  // by CmdSN; nearly always empty
  std::size_t held_bytes_ = 0, held_data_bytes_ = 0;
  std::optional<Time> hole_since_;
  CmdSn hole_{};                         // the number that is missing
  WriteShare writes_;                    // what is held or asked for
  std::vector<Management> managements_;  // unanswered

  TextExchange text_;
  unsigned text_requests_ = 0;
  std::optional<LogoutRequest> logout_;
  TargetTransferTag ping_ = kNoTransfer;
};

}  // namespace shoal::iscsi
