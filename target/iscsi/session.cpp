#include "target/iscsi/session.h"

#include <algorithm>
#include <type_traits>

#include "target/base/check.h"
#include "target/iscsi/pdu_codec.h"

namespace shoal::iscsi {
namespace {

WriteRules rules_of(const SessionParameters& parameters) {
  return {parameters.initial_r2t, parameters.immediate_data, parameters.first_burst_bytes, parameters.max_burst_bytes,
          parameters.max_outstanding_r2t};
}

// 11.2.2.3: length (2), type (1), then for an extended CDB a reserved byte and the bytes beyond 16.
Slice extended_cdb_of(const std::vector<std::byte>& ahs) {
  constexpr std::byte kExtendedCdb{1};
  for (std::size_t at = 0; at + 4 <= ahs.size();) {
    const std::size_t length = load_be<std::uint16_t>(ahs, at);
    if (ahs[at + 2] == kExtendedCdb && length > 1 && at + 3 + length <= ahs.size()) {
      return Slice::copy_of(ByteSpan(ahs).subspan(at + 4, length - 1));
    }
    at += (3 + length + 3) / 4 * 4;
  }
  return {};
}

template <class Pdu>
constexpr bool kNeedsNormalSession = std::is_same_v<Pdu, ScsiCommand> || std::is_same_v<Pdu, TaskManagementRequest>;

}  // namespace

Session::Session(const SessionParameters& parameters, const ConnectionLimits& limits, CommandWindow& window,
                 Outbox& outbox, EventQueue& events, WriteBudget& writes)
    : parameters_(parameters),
      limits_(limits),
      window_(window),
      outbox_(outbox),
      events_(events),
      acknowledged_(outbox.next_stat_sn() - 1),
      writes_(writes),
      text_(parameters_) {}

// ---- arrival and order

void Session::on_frame(Frame frame, Time now) {
  const auto decoded = decode_initiator_pdu(frame.bhs, frame.ahs);
  if (const auto* error = std::get_if<DecodeError>(&decoded)) return reject(frame.bhs, error->reason);
  std::visit(
      [&](const auto& request) {
        note_acknowledged(request.exp_stat_sn);
        if (!logging_out()) on(request, frame);  // 11.14: nothing follows a logout request
      },
      std::get<InitiatorPdu>(decoded));
  note_hole(now);
}

void Session::note_hole(Time now) {
  if (held_.empty()) return hole_since_.reset();
  if (!hole_since_ || hole_ != window_.exp_cmd_sn()) hole_since_ = now;
  hole_ = window_.exp_cmd_sn();
}

void Session::note_acknowledged(StatSn exp_stat_sn) {
  if (precedes(acknowledged_, exp_stat_sn) && precedes_or_equals(exp_stat_sn, outbox_.next_stat_sn())) {
    acknowledged_ = exp_stat_sn;
  }
}

template <class Pdu>
void Session::on(const Pdu& request, Frame& frame) {
  if (!frame.data_digest_ok) return reject(frame.bhs, RejectReason::data_digest_error);
  if (parameters_.discovery && kNeedsNormalSession<Pdu>) return reject(frame.bhs, RejectReason::protocol_error);
  if (!request.immediate) {
    const CommandWindow::Verdict verdict = window_.admit(request.cmd_sn);
    if (verdict == CommandWindow::Verdict::ignore) return;
    if (verdict == CommandWindow::Verdict::hold) return hold(request.cmd_sn, request.task, frame);
  }
  deliver(request, frame);
  deliver_held();
  begin_waiting_managements();
}

void Session::hold(CmdSn cmd_sn, InitiatorTaskTag task, Frame& frame) {
  Held& held = held_[cmd_sn.value];
  held = Held{{}, kBhsSize + total_size(frame.data), 0, task};
  held_bytes_ += held.bytes;
  writes_.add(held.bytes);
  held.frames.push_back(std::move(frame));
}

void Session::forget(const Held& held) {
  held_data_bytes_ -= held.data_bytes;
  held_bytes_ -= held.bytes;
  writes_.remove(held.bytes);
}

void Session::forget_held() {
  for (const auto& [cmd_sn, held] : std::exchange(held_, {})) forget(held);
  hole_since_.reset();
}

bool Session::hold_data(const DataOut& data, Frame& frame) {
  const auto found =
      std::find_if(held_.begin(), held_.end(), [&](const auto& one) { return one.second.task == data.task; });
  const std::size_t bytes = kBhsSize + total_size(frame.data);
  if (found == held_.end() || held_data_bytes_ + bytes > limits_.held_data_bytes) return false;
  found->second.data_bytes += bytes;
  found->second.bytes += bytes;
  held_data_bytes_ += bytes;
  held_bytes_ += bytes;
  writes_.add(bytes);
  found->second.frames.push_back(std::move(frame));
  return true;
}

void Session::deliver_held() {
  CmdSn cmd_sn;
  while (!logging_out() && window_.take_held(cmd_sn)) {
    const auto found = held_.find(cmd_sn.value);
    if (found == held_.end()) continue;  // aborted before it was delivered
    Held held = std::move(found->second);
    held_.erase(found);
    forget(held);
    for (Frame& frame : held.frames) {
      std::visit(
          [&](const auto& request) {
            if constexpr (requires { this->deliver(request, frame); }) {
              deliver(request, frame);
            } else {
              on(request, frame);
            }
          },
          std::get<InitiatorPdu>(decode_initiator_pdu(frame.bhs, frame.ahs)));
    }
  }
}

void Session::refuse(bool immediate, const Frame& frame, RejectReason reason) {
  if (!immediate) window_.take_back();
  reject(frame.bhs, reason);
}

bool Session::refuse_in_use(InitiatorTaskTag tag, bool immediate, const Frame& frame) {
  const bool in_use = tasks_.find(tag) || std::any_of(managements_.begin(), managements_.end(),
                                                      [&](const Management& one) { return one.request.task == tag; });
  if (tag == kNoTask) {
    refuse(immediate, frame, RejectReason::invalid_pdu_field);
  } else if (in_use) {
    refuse(immediate, frame, RejectReason::task_in_progress);
  } else if (immediate && immediate_in_progress_ >= limits_.immediate_tasks) {
    refuse(immediate, frame, RejectReason::immediate_command_reject);
  } else {
    return false;
  }
  return true;
}

// ---- commands

void Session::deliver(const ScsiCommand& request, Frame& frame) {
  if (window_.closed()) return;  // an immediate command that slipped into a drop
  if (refuse_in_use(request.task, request.immediate, frame)) return;

  Task& task = tasks_.add(request.task, ++arrivals_);
  request.immediate ? void(++immediate_in_progress_) : window_.started();
  task.cmd_sn = request.cmd_sn;
  Command& command = task.command;
  command.task = task.id;
  command.tag = request.task;
  command.lun = request.lun;
  command.attribute = request.attribute;
  command.immediate = request.immediate;
  command.read = request.read;
  command.write = request.write;
  command.expected_bytes = request.read || request.write ? request.expected_data_transfer_length : 0;
  command.cdb = request.cdb;
  if (!frame.ahs.empty()) command.extended_cdb = extended_cdb_of(frame.ahs);
  const std::size_t immediate_bytes = total_size(frame.data);
  task.transfer = transfer_of(request, frame);
  keep_to_share(task, immediate_bytes);
  count_claim(task);
  undelivered_.push_back(TaskTable::slot_of(task));
  pump();
}

WriteTransfer Session::transfer_of(const ScsiCommand& request, Frame& frame) const {
  if (!request.write) {
    WriteTransfer nothing;
    if (!frame.data.empty()) nothing.fail(DataFault::unexpected_unsolicited);
    if (request.attribute == TaskAttribute::aca) nothing.fail(DataFault::no_aca);
    return nothing;
  }
  WriteTransfer transfer(rules_of(parameters_), request.expected_data_transfer_length, request.final,
                         std::move(frame.data));
  if (request.attribute == TaskAttribute::aca) transfer.fail(DataFault::no_aca);
  if (request.read || request.bidirectional_read_length) transfer.fail(DataFault::not_supported);
  if (request.expected_data_transfer_length > limits_.command_data_bytes) transfer.fail(DataFault::too_long);
  return transfer;
}

void Session::on(const DataOut& data, Frame& frame) {
  if (parameters_.discovery) return reject(frame.bhs, RejectReason::protocol_error);
  Task* task = tasks_.find(data.task);
  if (!task && hold_data(data, frame)) return;
  if (!frame.data_digest_ok) reject(frame.bhs, RejectReason::data_digest_error);
  if (!task || task->delivered) return;  // aborted, or never there: dropped
  const std::size_t unsolicited_bytes = data.transfer == kNoTransfer ? total_size(frame.data) : 0;
  if (!task->transfer.take(data, std::move(frame.data), frame.data_digest_ok)) {
    return reject(frame.bhs, RejectReason::invalid_pdu_field);
  }
  keep_to_share(*task, unsolicited_bytes);
  count_claim(*task);
  if (task->transfer.done() || task->transfer.may_solicit()) pump();
}

void Session::pump() {
  auto older = TaskOrder::Older::none;
  bool budget_left = true;
  std::size_t kept = 0;
  for (const std::uint16_t slot : undelivered_) {
    Task& task = tasks_.at(slot);
    if (settle(task, older)) continue;
    solicit(task, kept == 0, budget_left);
    if (task.command.attribute == TaskAttribute::ordered) {
      older = TaskOrder::Older::ordered;
    } else if (older == TaskOrder::Older::none) {
      older = TaskOrder::Older::simple;
    }
    undelivered_[kept++] = slot;
  }
  undelivered_.resize(kept);
}

bool Session::settle(Task& task, TaskOrder::Older older) {
  if (!task.transfer.done()) return false;
  if (task.transfer.fault() == DataFault::no_room) {
    end_undelivered(task, kTaskSetFull);
    return true;
  }
  if (task.transfer.fault() != DataFault::none) {
    task.delivered = true;
    events_.push(CommandFailed{std::move(task.command), task.transfer.fault()});
    return true;
  }
  if (!order_.may_start(task.command.attribute, older)) return false;
  deliver_to_scsi(task);
  return true;
}

void Session::deliver_to_scsi(Task& task) {
  task.delivered = true;
  order_.started(task.command.attribute);
  task.command.data = task.transfer.release_data();
  events_.push(CommandReady{std::move(task.command)});
}

void Session::solicit(Task& task, bool first, bool& budget_left) {
  while (task.transfer.may_solicit()) {
    const std::uint64_t next = task.transfer.next_solicitation_bytes();
    if (!first && (writes_.held() + next > limits_.outstanding_write_bytes || !writes_.may_grow(next))) {
      budget_left = false;
    }
    if (!budget_left) return;
    const TargetTransferTag tag = fresh_tag();
    const WriteTransfer::Solicitation asked = task.transfer.solicit(tag);
    count_claim(task);
    outbox_.send(R2t{.lun = task.command.lun,
                     .task = task.command.tag,
                     .transfer = tag,
                     .r2t_sn = asked.r2t_sn,
                     .buffer_offset = asked.offset,
                     .desired_length = asked.length});
  }
}

// Data that nobody asked for have come already: where there is no room for them they are dropped, and the initiator is
// told that it has sent too much at once (SAM-5 5.3.1, TASK SET FULL).
void Session::keep_to_share(Task& task, std::size_t more) {
  if (more != 0 && writes_.held() != 0 && !writes_.may_grow(more)) task.transfer.fail(DataFault::no_room);
}

void Session::count_claim(Task& task) {
  const std::uint32_t claimed = task.transfer.claimed_bytes();
  writes_.set(writes_.held() - task.claimed_bytes + claimed);
  task.claimed_bytes = claimed;
}

void Session::release(Task& task) {
  CHECK(writes_.held() >= task.claimed_bytes, writes_.held(), task.claimed_bytes);
  writes_.remove(task.claimed_bytes);
  if (task.executes()) order_.ended(task.command.attribute);
  if (task.command.immediate) {
    --immediate_in_progress_;
  } else {
    window_.finished();
  }
  tasks_.remove(task);
}

// ---- outcomes

void Session::complete(TaskId id, const Outcome& outcome) {
  Task* found = tasks_.find(id);
  if (!found || !found->delivered) return;  // aborted meanwhile
  const Task task = std::move(*found);
  release(*found);
  send_outcome(task, outcome);
  if (!undelivered_.empty()) pump();
}

void Session::send_outcome(const Task& task, const Outcome& outcome) {
  const Residual residual = residual_of(outcome.transfer_bytes, task.command.expected_bytes);
  const bool collapse = task.command.read && outcome.status == kGood && outcome.sense.empty();
  std::optional<DataInPdus::Status> with_data;
  if (collapse) with_data = {outcome.status, residual};
  const std::uint32_t sent = send_data_in(task, outcome.data, with_data);
  if (collapse && sent != 0) return;
  send_response(task, outcome.status, residual, sent + task.transfer.r2ts_sent(), outcome.sense.bytes());
}

std::uint32_t Session::send_data_in(const Task& task, const Slices& data,
                                    const std::optional<DataInPdus::Status>& status) {
  if (!task.command.read) return 0;
  const std::size_t bytes = std::min<std::size_t>(total_size(data), task.command.expected_bytes);
  const DataInCutter cutter(static_cast<std::uint32_t>(bytes), parameters_.max_send_data_segment_bytes,
                            parameters_.max_burst_bytes);
  if (cutter.more()) outbox_.send_data(task.command.tag, data, cutter, status);
  return cutter.pdus_left();
}

void Session::send_response(const Task& task, std::uint8_t status, const Residual& residual, std::uint32_t exp_data_sn,
                            ByteSpan sense) {
  const ScsiResponse pdu{
      .status = status, .residual = residual, .task = task.command.tag, .exp_data_sn = DataSn{exp_data_sn}};
  if (sense.empty()) return outbox_.state(pdu);
  std::vector<std::byte> segment(2 + sense.size());  // 11.4.7: the length, then the sense data
  store_be<std::uint16_t>(segment, 0, static_cast<std::uint16_t>(sense.size()));
  std::copy(sense.begin(), sense.end(), segment.begin() + 2);
  outbox_.state_bytes(pdu, segment);
}

// ---- everything else

void Session::deliver(const NopOut& request, Frame& frame) {
  if (request.task == kNoTask) {
    if (request.transfer == ping_) ping_ = kNoTransfer;
    return;
  }
  const std::size_t echoed = std::min<std::size_t>(total_size(frame.data), parameters_.max_send_data_segment_bytes);
  outbox_.answer(NopIn{.lun = request.lun, .task = request.task}, frame.data, std::size_t{0}, echoed);
}

void Session::send_ping() {
  if (ping_outstanding()) return;
  tasks_.trim();  // nothing has come for a while
  ping_ = fresh_tag();
  outbox_.send(NopIn{.transfer = ping_});
}

void Session::deliver(const TextRequest& request, Frame& frame) {
  ++text_requests_;
  const Slice text = flatten(frame.data);
  const TextStep step = text_.on_request(request, as_text(text.bytes()));
  if (const auto* refused = std::get_if<TextReject>(&step)) return refuse(request.immediate, frame, refused->reason);
  take_step(step);
}

void Session::answer_targets(const std::vector<TargetRecord>& targets) {
  if (text_.asking() && !logging_out()) take_step(text_.on_targets(targets));
}

void Session::take_step(const TextStep& step) {
  if (const auto* reply = std::get_if<TextReply>(&step)) {
    outbox_.answer(reply->pdu, Slices{reply->text});
  } else {
    events_.push(TargetsAsked{std::get<TargetsWanted>(step).name});
  }
}

void Session::deliver(const LogoutRequest& request, Frame& frame) {
  const bool session = request.reason == LogoutRequestReason::close_session;
  if (!session && request.reason > LogoutRequestReason::remove_for_recovery) {
    return refuse(request.immediate, frame, RejectReason::invalid_pdu_field);
  }
  if (!session && request.cid != parameters_.cid) {
    return outbox_.answer(LogoutResponse{.result = LogoutResult::cid_not_found, .task = request.task});
  }
  if (request.reason == LogoutRequestReason::remove_for_recovery) {
    return outbox_.answer(LogoutResponse{.result = LogoutResult::recovery_not_supported, .task = request.task});
  }
  logout_ = request;
  window_.close();
  forget_held();
  forget_gathering();
  events_.push(LogoutAsked{request.reason});
}

bool Session::finish_logout() {
  if (!logout_) return false;
  // Nothing is retained and nothing need be waited for: all tasks are finished.
  outbox_.answer(LogoutResponse{.result = LogoutResult::closed, .task = logout_->task});
  return true;
}

void Session::send_async(AsyncEvent event, std::uint16_t parameter1, std::uint16_t parameter2,
                         std::uint16_t parameter3) {
  outbox_.answer(
      AsyncMessage{.event = event, .parameter1 = parameter1, .parameter2 = parameter2, .parameter3 = parameter3});
}

void Session::reject(const BhsBytes& bad, RejectReason reason) { outbox_.answer_bytes(Reject{.reason = reason}, bad); }

void Session::close_window() {
  window_.close();
  forget_held();
  begin_waiting_managements();  // what they wait for comes no more
}

void Session::forget_gathering() {
  for (const std::uint16_t slot : undelivered_) release(tasks_.at(slot));
  undelivered_.clear();
}

TargetTransferTag Session::fresh_tag() {
  if (TargetTransferTag{next_tag_} == kNoTransfer) next_tag_ = 1;
  return TargetTransferTag{next_tag_++};
}

}  // namespace shoal::iscsi
