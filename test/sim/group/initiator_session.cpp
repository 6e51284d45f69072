#include "test/sim/group/initiator_session.h"

#include <algorithm>
#include <utility>

namespace shoal::sim {
namespace {

constexpr std::uint32_t kReceiveBytes = 262144;  // as operational_keys() declare it

std::uint32_t number(const std::map<std::string, std::string, std::less<>>& keys, std::string_view key) {
  return static_cast<std::uint32_t>(std::stoul(keys.find(key)->second));
}

// SPC-4 4.5: of sense data behind their two-byte length, as fixed (70h) or as descriptors (72h). 0: there are none.
struct Sense {
  std::uint8_t key = 0;
  std::uint16_t code = 0;
};
Sense sense_of(std::string_view data) {
  const auto at = [data](std::size_t i) { return i < data.size() ? static_cast<std::uint8_t>(data[i]) : 0; };
  const bool descriptors = (at(2) & 0x7f) == 0x72;
  const std::size_t key = descriptors ? 3 : 4, code = descriptors ? 4 : 14;
  return {static_cast<std::uint8_t>(at(key) & 0x0f), static_cast<std::uint16_t>(at(code) << 8 | at(code + 1))};
}

}  // namespace

InitiatorSession::InitiatorSession(const SessionName& name) {
  auto request = test::operational_request();
  request.isid = name.isid;
  const auto keys = test::without(test::security_keys(name.initiator, name.target), "AuthMethod");
  writer_.add_bytes(request, as_bytes(iscsi::to_text(test::joined(keys, test::operational_keys()))));
}

std::vector<SessionEvent> InitiatorSession::receive(const Slice& bytes) {
  reader_.receive({bytes});
  while (auto answer = reader_.next()) on_answer(*answer);
  if (reader_.broken()) broke("a stream of whole PDUs");
  if (logged_in_) send_waiting();
  return std::exchange(events_, {});
}

void InitiatorSession::broke(std::string rule) { events_.push_back(TargetBroke{std::move(rule)}); }

void InitiatorSession::on_answer(const test::Answer& answer) {
  std::visit(
      [&](const auto& pdu) {
        if (logged_in_ && iscsi::precedes(pdu.numbering.max_cmd_sn, max_cmd_sn_))
          return broke("MaxCmdSN never goes back");
        max_cmd_sn_ = pdu.numbering.max_cmd_sn;
        on_pdu(pdu, answer);
      },
      answer.pdu);
}

// ---- login

void InitiatorSession::on_pdu(const iscsi::LoginResponse& login, const test::Answer& answer) {
  if (login.status == iscsi::LoginStatus::moved_temporarily) {
    const auto keys = answer.keys();
    const std::string* text = keys.find("TargetAddress");
    const auto address = text ? Endpoint::parse(*text, 3260) : std::nullopt;
    return address ? events_.push_back(Redirected{*address}) : broke("a redirect names an address");
  }
  if (login.status != iscsi::LoginStatus::success) return events_.push_back(LoginRefused{login.status});
  if (!login.transit || login.next != iscsi::Stage::full_feature) return broke("a login of one exchange");
  agree(answer.keys());
  numbers_.acknowledge(login.numbering.stat_sn);
  logged_in_ = true;
  events_.push_back(LoggedIn{});
}

void InitiatorSession::agree(const iscsi::TextKeys& keys) {
  agreed_["MaxRecvDataSegmentLength"] = "8192";  // until the target declares its own
  for (const auto& each : test::operational_keys()) {
    if (each.key != "MaxRecvDataSegmentLength") agreed_[each.key] = each.value;
  }
  for (const auto& each : keys) agreed_[each.key] = each.value;
}

// ---- commands

void InitiatorSession::submit(SessionCommand command) {
  waiting_.push_back(std::move(command));
  if (logged_in_) send_waiting();
}

void InitiatorSession::send_waiting() {
  while (!waiting_.empty() && iscsi::precedes_or_equals(numbers_.cmd_sn(), max_cmd_sn_)) {
    send(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

void InitiatorSession::send(SessionCommand command) {
  iscsi::ScsiCommand pdu;
  if (command.data.empty()) {
    pdu = numbers_.read(command.cdb, command.read_bytes);
    pdu.attribute = command.attribute;
    writer_.add(pdu);
  } else {
    pdu = numbers_.write(command.cdb, static_cast<std::uint32_t>(command.data.size()));
    pdu.attribute = command.attribute;
    const std::size_t burst =
        std::min(number(agreed_, "FirstBurstLength"), number(agreed_, "MaxRecvDataSegmentLength"));
    const std::size_t immediate = agreed_["ImmediateData"] == "Yes" ? std::min(burst, command.data.size()) : 0;
    writer_.add_bytes(pdu, as_bytes(command.data).first(immediate));
  }
  tasks_[pdu.task.value] = {std::move(command), pdu, {}, 0};
}

bool InitiatorSession::abort(std::uint64_t id) {
  const auto found = std::ranges::find_if(tasks_, [id](const auto& each) { return each.second.command.id == id; });
  if (found == tasks_.end()) return false;
  const auto request = numbers_.abort(found->second.sent);
  aborts_[request.task.value] = found->first;
  writer_.add(request);
  return true;
}

// A task that does not exist was answered before, or was sent when the target had closed its window: then it is lost
// with the session.
void InitiatorSession::on_pdu(const iscsi::TaskManagementResponse& response, const test::Answer&) {
  take_status(response.numbering.stat_sn);
  if (resets_.erase(response.task.value) != 0) return on_reset(response.response);
  const auto abort = aborts_.find(response.task.value);
  if (abort == aborts_.end()) return broke("an answer carries the tag of a task");
  const auto task = tasks_.find(abort->second);
  aborts_.erase(abort);
  if (task == tasks_.end() || response.response != iscsi::TaskResponse::complete) return;
  events_.push_back(CommandAborted{task->second.command.id});
  tasks_.erase(task);
}

void InitiatorSession::reset_unit() {
  const auto request = numbers_.manage(iscsi::TaskFunction::logical_unit_reset);
  resets_.insert(request.task.value);
  writer_.add(request);
}

// It ends every task of the unit, and none of this session is answered after it (TAS is 0).
void InitiatorSession::on_reset(iscsi::TaskResponse response) {
  if (response != iscsi::TaskResponse::complete) return;
  for (const auto& [tag, task] : std::exchange(tasks_, {})) events_.push_back(CommandAborted{task.command.id});
  events_.push_back(UnitReset{});
}

void InitiatorSession::ping() { writer_.add(numbers_.ping()); }

InitiatorSession::Task* InitiatorSession::task_of(iscsi::InitiatorTaskTag tag) {
  const auto found = tasks_.find(tag.value);
  if (found != tasks_.end()) return &found->second;
  broke("an answer carries the tag of a task");
  return nullptr;
}

void InitiatorSession::on_pdu(const iscsi::R2t& r2t, const test::Answer&) {
  const Task* task = task_of(r2t.task);
  if (!task) return;
  const auto data = as_bytes(task->command.data);
  if (r2t.desired_length == 0 || r2t.buffer_offset + std::size_t{r2t.desired_length} > data.size()) {
    return broke("an R2T asks for data of its command");
  }
  const std::uint32_t most = number(agreed_, "MaxRecvDataSegmentLength");
  std::uint32_t sent = 0;
  for (iscsi::DataSn sn; sent < r2t.desired_length; ++sn) {
    const std::uint32_t piece = std::min(most, r2t.desired_length - sent);
    const std::uint32_t offset = r2t.buffer_offset + sent;
    sent += piece;
    writer_.add_bytes(numbers_.solicited(r2t, offset, sn, sent == r2t.desired_length), data.subspan(offset, piece));
  }
}

void InitiatorSession::on_pdu(const iscsi::DataIn& data, const test::Answer& answer) {
  Task* task = task_of(data.task);
  if (!task) return;
  if (data.data_sn.value != task->next_data_sn++ || data.buffer_offset != task->data.size()) {
    return broke("Data-In comes in order");
  }
  if (answer.data.size() > kReceiveBytes) return broke("Data-In obeys MaxRecvDataSegmentLength");
  task->data += answer.data;
  if (!data.has_status) return;
  take_status(data.numbering.stat_sn);
  end(data.task, data.status);
}

void InitiatorSession::on_pdu(const iscsi::ScsiResponse& response, const test::Answer& answer) {
  take_status(response.numbering.stat_sn);
  end(response.task, response.status, answer.data);
}

void InitiatorSession::take_status(iscsi::StatSn stat_sn) {
  if (stat_sn != numbers_.exp_stat_sn()) broke("StatSN counts up by one");
  numbers_.acknowledge(stat_sn);
}

void InitiatorSession::end(iscsi::InitiatorTaskTag tag, std::uint8_t status, std::string_view data) {
  Task* task = task_of(tag);
  if (!task) return;
  if (status == 0 && !task->command.may_be_short && task->data.size() != task->command.read_bytes) {
    return broke("GOOD comes with all the data");
  }
  const Sense sense = sense_of(data);
  events_.push_back(CommandEnded{task->command.id, status, std::move(task->data), sense.key, sense.code});
  tasks_.erase(tag.value);
}

// ---- the rest

void InitiatorSession::on_pdu(const iscsi::NopIn& nop, const test::Answer&) {
  if (nop.transfer != iscsi::kNoTransfer) return writer_.add(numbers_.pong(nop));
  take_status(nop.numbering.stat_sn);
  events_.push_back(PingAnswered{});
}

void InitiatorSession::on_pdu(const iscsi::AsyncMessage& message, const test::Answer&) {
  take_status(message.numbering.stat_sn);
  if (message.event == iscsi::AsyncEvent::connection_dropped || message.event == iscsi::AsyncEvent::session_dropped) {
    events_.push_back(DropAnnounced{});
  }
}

}  // namespace shoal::sim
