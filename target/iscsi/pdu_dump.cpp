#include "target/iscsi/pdu_dump.h"

#include <fmt/format.h>

namespace shoal::iscsi {
namespace {

using Line = fmt::memory_buffer;

template <class... Args>
void add(Line& line, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(line), format, std::forward<Args>(args)...);
}

void flag(Line& line, bool set, const char* name) {
  if (set) add(line, " {}", name);
}

template <class Pdu>
void request_numbers(Line& line, const Pdu& pdu) {
  add(line, " task={:#x} cmd_sn={} exp_stat_sn={}", pdu.task.value, pdu.cmd_sn, pdu.exp_stat_sn);
}

void numbers(Line& line, const Numbering& numbering) {
  add(line, " stat_sn={} exp_cmd_sn={} max_cmd_sn={}", numbering.stat_sn, numbering.exp_cmd_sn, numbering.max_cmd_sn);
}

void residual(Line& line, const Residual& residual) {
  if (residual.kind == Residual::Kind::underflow) add(line, " underflow={}", residual.bytes);
  if (residual.kind == Residual::Kind::overflow) add(line, " overflow={}", residual.bytes);
}

void put(Line& line, const NopOut& pdu) {
  add(line, "nop_out lun={:#x} transfer={:#x}", pdu.lun.value, pdu.transfer.value);
  flag(line, pdu.immediate, "immediate");
  request_numbers(line, pdu);
}

void put(Line& line, const ScsiCommand& pdu) {
  add(line, "scsi_command lun={:#x} expected={} cdb=", pdu.lun.value, pdu.expected_data_transfer_length);
  for (const std::byte byte : pdu.cdb) add(line, "{:02x}", std::to_integer<unsigned>(byte));
  flag(line, pdu.read, "read");
  flag(line, pdu.write, "write");
  flag(line, pdu.final, "final");
  flag(line, pdu.immediate, "immediate");
  if (pdu.attribute != TaskAttribute::simple) add(line, " attribute={}", static_cast<int>(pdu.attribute));
  request_numbers(line, pdu);
}

void put(Line& line, const TaskManagementRequest& pdu) {
  add(line, "task_management_request function={} lun={:#x} referenced={:#x} ref_cmd_sn={}",
      static_cast<int>(pdu.function), pdu.lun.value, pdu.referenced_task.value, pdu.ref_cmd_sn);
  flag(line, pdu.immediate, "immediate");
  request_numbers(line, pdu);
}

void put(Line& line, const LoginRequest& pdu) {
  add(line, "login_request stage={} next={} isid={:012x} tsih={} cid={}", static_cast<int>(pdu.current),
      static_cast<int>(pdu.next), pdu.isid, pdu.tsih, pdu.cid);
  flag(line, pdu.transit, "transit");
  flag(line, pdu.continued, "continued");
  request_numbers(line, pdu);
}

void put(Line& line, const TextRequest& pdu) {
  add(line, "text_request transfer={:#x}", pdu.transfer.value);
  flag(line, pdu.final, "final");
  flag(line, pdu.continued, "continued");
  request_numbers(line, pdu);
}

void put(Line& line, const DataOut& pdu) {
  add(line, "data_out lun={:#x} task={:#x} transfer={:#x} data_sn={} offset={} exp_stat_sn={}", pdu.lun.value,
      pdu.task.value, pdu.transfer.value, pdu.data_sn, pdu.buffer_offset, pdu.exp_stat_sn);
  flag(line, pdu.final, "final");
}

void put(Line& line, const LogoutRequest& pdu) {
  add(line, "logout_request reason={} cid={}", static_cast<int>(pdu.reason), pdu.cid);
  flag(line, pdu.immediate, "immediate");
  request_numbers(line, pdu);
}

void put(Line& line, const SnackRequest& pdu) {
  add(line, "snack_request type={} task={:#x} tag={:#x} begin={} length={} exp_stat_sn={}", static_cast<int>(pdu.type),
      pdu.task.value, pdu.tag, pdu.beg_run, pdu.run_length, pdu.exp_stat_sn);
}

void put(Line& line, const NopIn& pdu) {
  add(line, "nop_in lun={:#x} task={:#x} transfer={:#x}", pdu.lun.value, pdu.task.value, pdu.transfer.value);
  numbers(line, pdu.numbering);
}

void put(Line& line, const ScsiResponse& pdu) {
  add(line, "scsi_response task={:#x} response={} status={:02x}", pdu.task.value, static_cast<int>(pdu.response),
      pdu.status);
  residual(line, pdu.residual);
  add(line, " exp_data_sn={}", pdu.exp_data_sn);
  numbers(line, pdu.numbering);
}

void put(Line& line, const TaskManagementResponse& pdu) {
  add(line, "task_management_response task={:#x} response={}", pdu.task.value, static_cast<int>(pdu.response));
  numbers(line, pdu.numbering);
}

void put(Line& line, const LoginResponse& pdu) {
  add(line, "login_response status={:04x} stage={} next={} isid={:012x} tsih={} task={:#x}",
      static_cast<unsigned>(pdu.status), static_cast<int>(pdu.current), static_cast<int>(pdu.next), pdu.isid, pdu.tsih,
      pdu.task.value);
  flag(line, pdu.transit, "transit");
  flag(line, pdu.continued, "continued");
  numbers(line, pdu.numbering);
}

void put(Line& line, const TextResponse& pdu) {
  add(line, "text_response task={:#x} transfer={:#x}", pdu.task.value, pdu.transfer.value);
  flag(line, pdu.final, "final");
  flag(line, pdu.continued, "continued");
  numbers(line, pdu.numbering);
}

void put(Line& line, const DataIn& pdu) {
  add(line, "data_in task={:#x} data_sn={} offset={}", pdu.task.value, pdu.data_sn, pdu.buffer_offset);
  flag(line, pdu.final, "final");
  if (pdu.has_status) add(line, " status={:02x}", pdu.status);
  residual(line, pdu.residual);
  numbers(line, pdu.numbering);
}

void put(Line& line, const LogoutResponse& pdu) {
  add(line, "logout_response task={:#x} result={} time2wait={} time2retain={}", pdu.task.value,
      static_cast<int>(pdu.result), pdu.time2wait, pdu.time2retain);
  numbers(line, pdu.numbering);
}

void put(Line& line, const R2t& pdu) {
  add(line, "r2t task={:#x} transfer={:#x} r2t_sn={} offset={} length={}", pdu.task.value, pdu.transfer.value,
      pdu.r2t_sn, pdu.buffer_offset, pdu.desired_length);
  numbers(line, pdu.numbering);
}

void put(Line& line, const AsyncMessage& pdu) {
  add(line, "async_message event={} parameters={},{},{}", static_cast<int>(pdu.event), pdu.parameter1, pdu.parameter2,
      pdu.parameter3);
  numbers(line, pdu.numbering);
}

void put(Line& line, const Reject& pdu) {
  add(line, "reject reason={:02x}", static_cast<unsigned>(pdu.reason));
  numbers(line, pdu.numbering);
}

template <class Pdu>
std::string dump_any(const Pdu& pdu, std::uint32_t data_bytes) {
  Line line;
  std::visit([&](const auto& one) { put(line, one); }, pdu);
  if (data_bytes != 0) add(line, " data={}", data_bytes);
  return fmt::to_string(line);
}

}  // namespace

std::string dump(const InitiatorPdu& pdu, std::uint32_t data_bytes) { return dump_any(pdu, data_bytes); }
std::string dump(const TargetPdu& pdu, std::uint32_t data_bytes) { return dump_any(pdu, data_bytes); }

}  // namespace shoal::iscsi
