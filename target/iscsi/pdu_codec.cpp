#include "target/iscsi/pdu_codec.h"

#include <algorithm>

#include "target/base/check.h"
#include "target/iscsi/keys.h"
#include "target/iscsi/pdu_layout.h"

namespace shoal::iscsi {
namespace {

using namespace header_layout;

using DecodedInitiator = std::variant<InitiatorPdu, DecodeError>;
using DecodedTarget = std::variant<TargetPdu, DecodeError>;

BhsBytes header(Opcode opcode, std::uint32_t data_bytes, bool final = true) {
  CHECK(data_bytes <= kMaxLength, data_bytes);
  BhsBytes bhs{};
  OpcodeField::put(bhs, opcode);
  Final::put(bhs, final);
  DataSegmentLength::put(bhs, data_bytes);
  return bhs;
}

BhsBytes request_header(Opcode opcode, bool immediate, std::uint32_t data_bytes, CmdSn cmd_sn, StatSn exp_stat_sn) {
  BhsBytes bhs = header(opcode, data_bytes);
  Immediate::put(bhs, immediate);
  CmdSnField::put(bhs, cmd_sn);
  ExpStatSn::put(bhs, exp_stat_sn);
  return bhs;
}

BhsBytes response_header(Opcode opcode, std::uint32_t data_bytes, const Numbering& numbering) {
  BhsBytes bhs = header(opcode, data_bytes);
  StatSnField::put(bhs, numbering.stat_sn);
  ExpCmdSn::put(bhs, numbering.exp_cmd_sn);
  MaxCmdSn::put(bhs, numbering.max_cmd_sn);
  return bhs;
}

Numbering numbering_of(Bhs bhs) { return {StatSnField::get(bhs), ExpCmdSn::get(bhs), MaxCmdSn::get(bhs)}; }

template <class Over, class Under, class Count>
Residual residual_of(Bhs bhs) {
  if (Over::get(bhs)) return {Residual::Kind::overflow, Count::get(bhs)};
  if (Under::get(bhs)) return {Residual::Kind::underflow, Count::get(bhs)};
  return {};
}

template <class Over, class Under, class Count>
void put_residual(BhsBytes& bhs, const Residual& residual) {
  Over::put(bhs, residual.kind == Residual::Kind::overflow);
  Under::put(bhs, residual.kind == Residual::Kind::underflow);
  Count::put(bhs, residual.bytes);
}

// ---- additional header segments (11.2.2)

constexpr std::size_t kAhsExtendedCdb = 1, kAhsBidirectionalLength = 2;

struct AhsPart {
  std::size_t type = 0;
  ByteSpan specific;  // behind the type byte: AHSLength bytes
};

// The first additional header of `ahs`, which is shortened by it. nullopt: it is not whole.
std::optional<AhsPart> take_ahs(ByteSpan& ahs) {
  if (ahs.size() < 4) return std::nullopt;
  const std::size_t length = load_be<std::uint16_t>(ahs);
  if (length == 0 || length + 3 > ahs.size()) return std::nullopt;
  const AhsPart part{std::to_integer<std::size_t>(ahs[2]) & 0x3f, ahs.subspan(3, length)};
  ahs = ahs.subspan(std::min(ahs.size(), (length + 3 + 3) / 4 * 4));
  return part;
}

std::optional<DecodeError> read_ahs(ByteSpan ahs, ScsiCommand& command) {
  while (!ahs.empty()) {
    const auto part = take_ahs(ahs);
    if (!part) return DecodeError{RejectReason::invalid_pdu_field, "AHS length"};
    if (part->type == kAhsExtendedCdb) {
      if (command.extended_cdb_bytes != 0 || part->specific.size() < 2)
        return DecodeError{RejectReason::invalid_pdu_field, "extended CDB"};
      command.extended_cdb_bytes = static_cast<std::uint16_t>(part->specific.size() - 1);
    } else if (part->type == kAhsBidirectionalLength) {
      if (command.bidirectional_read_length || part->specific.size() != 5)
        return DecodeError{RejectReason::invalid_pdu_field, "bidirectional length"};
      command.bidirectional_read_length = load_be<std::uint32_t>(part->specific, 1);
    } else {
      return DecodeError{RejectReason::invalid_pdu_field, "AHS type"};
    }
  }
  return std::nullopt;
}

// ---- from the initiator

NopOut decode_nop_out(Bhs bhs) {
  return {.immediate = Immediate::get(bhs),
          .lun = LunField::get(bhs),
          .task = TaskField::get(bhs),
          .transfer = TransferField::get(bhs),
          .cmd_sn = CmdSnField::get(bhs),
          .exp_stat_sn = ExpStatSn::get(bhs)};
}

DecodedInitiator decode_scsi_command(Bhs bhs, ByteSpan ahs) {
  using namespace scsi_command_layout;
  ScsiCommand command{.immediate = Immediate::get(bhs),
                      .final = Final::get(bhs),
                      .read = Read::get(bhs),
                      .write = Write::get(bhs),
                      .attribute = Attribute::get(bhs),
                      .lun = LunField::get(bhs),
                      .task = TaskField::get(bhs),
                      .expected_data_transfer_length = ExpectedDataTransferLength::get(bhs),
                      .cmd_sn = CmdSnField::get(bhs),
                      .exp_stat_sn = ExpStatSn::get(bhs)};
  std::copy_n(bhs.begin() + kCdb, command.cdb.size(), command.cdb.begin());
  if (command.attribute > TaskAttribute::aca) return DecodeError{RejectReason::invalid_pdu_field, "task attribute"};
  if (const auto error = read_ahs(ahs, command)) return *error;
  return InitiatorPdu{command};
}

TaskManagementRequest decode_task_management_request(Bhs bhs) {
  using namespace task_management_layout;
  return {.immediate = Immediate::get(bhs),
          .function = Function::get(bhs),
          .lun = LunField::get(bhs),
          .task = TaskField::get(bhs),
          .referenced_task = ReferencedTask::get(bhs),
          .cmd_sn = CmdSnField::get(bhs),
          .exp_stat_sn = ExpStatSn::get(bhs),
          .ref_cmd_sn = RefCmdSn::get(bhs),
          .exp_data_sn = ExpDataSn::get(bhs)};
}

LoginRequest decode_login_request(Bhs bhs) {
  using namespace login_layout;
  return {.transit = Transit::get(bhs),
          .continued = Continue::get(bhs),
          .current = CurrentStage::get(bhs),
          .next = NextStage::get(bhs),
          .version_max = VersionMax::get(bhs),
          .version_min = VersionMin::get(bhs),
          .isid = Isid::get(bhs),
          .tsih = Tsih::get(bhs),
          .task = TaskField::get(bhs),
          .cid = Cid::get(bhs),
          .cmd_sn = CmdSnField::get(bhs),
          .exp_stat_sn = ExpStatSn::get(bhs)};
}

DecodedInitiator decode_text_request(Bhs bhs) {
  const TextRequest request{.immediate = Immediate::get(bhs),
                            .final = Final::get(bhs),
                            .continued = text_layout::Continue::get(bhs),
                            .lun = LunField::get(bhs),
                            .task = TaskField::get(bhs),
                            .transfer = TransferField::get(bhs),
                            .cmd_sn = CmdSnField::get(bhs),
                            .exp_stat_sn = ExpStatSn::get(bhs)};
  if (request.final && request.continued) return DecodeError{RejectReason::protocol_error, "text request: F with C"};
  return InitiatorPdu{request};
}

DataOut decode_data_out(Bhs bhs) {
  using namespace data_layout;
  return {.final = Final::get(bhs),
          .lun = LunField::get(bhs),
          .task = TaskField::get(bhs),
          .transfer = TransferField::get(bhs),
          .exp_stat_sn = ExpStatSn::get(bhs),
          .data_sn = DataSnField::get(bhs),
          .buffer_offset = BufferOffset::get(bhs)};
}

LogoutRequest decode_logout_request(Bhs bhs) {
  using namespace logout_layout;
  return {.immediate = Immediate::get(bhs),
          .reason = Reason::get(bhs),
          .task = TaskField::get(bhs),
          .cid = Cid::get(bhs),
          .cmd_sn = CmdSnField::get(bhs),
          .exp_stat_sn = ExpStatSn::get(bhs)};
}

SnackRequest decode_snack_request(Bhs bhs) {
  using namespace snack_layout;
  return {.type = Type::get(bhs),
          .lun = LunField::get(bhs),
          .task = TaskField::get(bhs),
          .tag = Tag::get(bhs),
          .exp_stat_sn = ExpStatSn::get(bhs),
          .beg_run = BegRun::get(bhs),
          .run_length = RunLength::get(bhs)};
}

// ---- from the target

NopIn decode_nop_in(Bhs bhs) {
  return {.lun = LunField::get(bhs),
          .task = TaskField::get(bhs),
          .transfer = TransferField::get(bhs),
          .numbering = numbering_of(bhs)};
}

ScsiResponse decode_scsi_response(Bhs bhs) {
  using namespace scsi_response_layout;
  return {.response = Response::get(bhs),
          .status = Status::get(bhs),
          .residual = residual_of<Overflow, Underflow, ResidualCount>(bhs),
          .bidirectional_read_residual =
              residual_of<BidirectionalOverflow, BidirectionalUnderflow, BidirectionalResidual>(bhs),
          .task = TaskField::get(bhs),
          .snack_tag = SnackTag::get(bhs),
          .numbering = numbering_of(bhs),
          .exp_data_sn = ExpDataSn::get(bhs)};
}

TaskManagementResponse decode_task_management_response(Bhs bhs) {
  return {.response = task_management_layout::Response::get(bhs),
          .task = TaskField::get(bhs),
          .numbering = numbering_of(bhs)};
}

LoginResponse decode_login_response(Bhs bhs) {
  using namespace login_layout;
  return {.transit = Transit::get(bhs),
          .continued = Continue::get(bhs),
          .current = CurrentStage::get(bhs),
          .next = NextStage::get(bhs),
          .version_max = VersionMax::get(bhs),
          .version_active = VersionActive::get(bhs),
          .isid = Isid::get(bhs),
          .tsih = Tsih::get(bhs),
          .task = TaskField::get(bhs),
          .numbering = numbering_of(bhs),
          .status = Status::get(bhs)};
}

TextResponse decode_text_response(Bhs bhs) {
  return {.final = Final::get(bhs),
          .continued = text_layout::Continue::get(bhs),
          .lun = LunField::get(bhs),
          .task = TaskField::get(bhs),
          .transfer = TransferField::get(bhs),
          .numbering = numbering_of(bhs)};
}

DataIn decode_data_in(Bhs bhs) {
  using namespace data_layout;
  DataIn data{.final = Final::get(bhs),
              .acknowledge = Acknowledge::get(bhs),
              .has_status = HasStatus::get(bhs),
              .lun = LunField::get(bhs),
              .task = TaskField::get(bhs),
              .transfer = TransferField::get(bhs),
              .numbering = numbering_of(bhs),
              .data_sn = DataSnField::get(bhs),
              .buffer_offset = BufferOffset::get(bhs)};
  if (data.has_status) {
    data.status = Status::get(bhs);
    data.residual = residual_of<Overflow, Underflow, ResidualCount>(bhs);
  }
  return data;
}

LogoutResponse decode_logout_response(Bhs bhs) {
  using namespace logout_layout;
  return {.result = Response::get(bhs),
          .task = TaskField::get(bhs),
          .numbering = numbering_of(bhs),
          .time2wait = Time2Wait::get(bhs),
          .time2retain = Time2Retain::get(bhs)};
}

R2t decode_r2t(Bhs bhs) {
  using namespace r2t_layout;
  return {.lun = LunField::get(bhs),
          .task = TaskField::get(bhs),
          .transfer = TransferField::get(bhs),
          .numbering = numbering_of(bhs),
          .r2t_sn = R2tSnField::get(bhs),
          .buffer_offset = BufferOffset::get(bhs),
          .desired_length = DesiredLength::get(bhs)};
}

AsyncMessage decode_async_message(Bhs bhs) {
  using namespace async_layout;
  return {.lun = LunField::get(bhs),
          .numbering = numbering_of(bhs),
          .event = Event::get(bhs),
          .vendor_code = VendorCode::get(bhs),
          .parameter1 = Parameter1::get(bhs),
          .parameter2 = Parameter2::get(bhs),
          .parameter3 = Parameter3::get(bhs)};
}

Reject decode_reject(Bhs bhs) {
  return {.reason = reject_layout::Reason::get(bhs),
          .numbering = numbering_of(bhs),
          .data_sn = reject_layout::DataSnField::get(bhs)};
}

}  // namespace

Opcode opcode_of(Bhs bhs) { return OpcodeField::get(bhs); }
std::uint32_t data_length_of(Bhs bhs) { return DataSegmentLength::get(bhs); }
std::uint32_t ahs_length_of(Bhs bhs) { return TotalAhsLength::get(bhs) * 4u; }

ByteSpan extended_cdb_of(ByteSpan ahs) {
  while (!ahs.empty()) {
    const auto part = take_ahs(ahs);
    if (!part) return {};
    if (part->type == kAhsExtendedCdb) return part->specific.subspan(1);
  }
  return {};
}

std::variant<InitiatorPdu, DecodeError> decode_initiator_pdu(Bhs bhs, ByteSpan ahs) {
  if (!ahs.empty() && opcode_of(bhs) != Opcode::scsi_command)
    return DecodeError{RejectReason::invalid_pdu_field, "AHS outside a SCSI command"};
  switch (opcode_of(bhs)) {
    case Opcode::nop_out: return decode_nop_out(bhs);
    case Opcode::scsi_command: return decode_scsi_command(bhs, ahs);
    case Opcode::task_management_request: return decode_task_management_request(bhs);
    case Opcode::login_request: return decode_login_request(bhs);
    case Opcode::text_request: return decode_text_request(bhs);
    case Opcode::data_out: return decode_data_out(bhs);
    case Opcode::logout_request: return decode_logout_request(bhs);
    case Opcode::snack_request: return decode_snack_request(bhs);
    default: return DecodeError{RejectReason::command_not_supported, "opcode"};
  }
}

std::variant<TargetPdu, DecodeError> decode_target_pdu(Bhs bhs) {
  switch (opcode_of(bhs)) {
    case Opcode::nop_in: return decode_nop_in(bhs);
    case Opcode::scsi_response: return decode_scsi_response(bhs);
    case Opcode::task_management_response: return decode_task_management_response(bhs);
    case Opcode::login_response: return decode_login_response(bhs);
    case Opcode::text_response: return decode_text_response(bhs);
    case Opcode::data_in: return decode_data_in(bhs);
    case Opcode::logout_response: return decode_logout_response(bhs);
    case Opcode::r2t: return decode_r2t(bhs);
    case Opcode::async_message: return decode_async_message(bhs);
    case Opcode::reject: return decode_reject(bhs);
    default: return DecodeError{RejectReason::command_not_supported, "opcode"};
  }
}

BhsBytes encode(const NopOut& pdu, std::uint32_t data_bytes) {
  BhsBytes bhs = request_header(Opcode::nop_out, pdu.immediate, data_bytes, pdu.cmd_sn, pdu.exp_stat_sn);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, pdu.task);
  TransferField::put(bhs, pdu.transfer);
  return bhs;
}

BhsBytes encode(const ScsiCommand& pdu, std::uint32_t data_bytes) {
  using namespace scsi_command_layout;
  BhsBytes bhs = request_header(Opcode::scsi_command, pdu.immediate, data_bytes, pdu.cmd_sn, pdu.exp_stat_sn);
  Final::put(bhs, pdu.final);
  Read::put(bhs, pdu.read);
  Write::put(bhs, pdu.write);
  Attribute::put(bhs, pdu.attribute);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, pdu.task);
  ExpectedDataTransferLength::put(bhs, pdu.expected_data_transfer_length);
  std::copy(pdu.cdb.begin(), pdu.cdb.end(), bhs.begin() + kCdb);
  return bhs;
}

BhsBytes encode(const TaskManagementRequest& pdu, std::uint32_t data_bytes) {
  using namespace task_management_layout;
  BhsBytes bhs = request_header(Opcode::task_management_request, pdu.immediate, data_bytes, pdu.cmd_sn, pdu.exp_stat_sn);
  Function::put(bhs, pdu.function);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, pdu.task);
  ReferencedTask::put(bhs, pdu.referenced_task);
  RefCmdSn::put(bhs, pdu.ref_cmd_sn);
  ExpDataSn::put(bhs, pdu.exp_data_sn);
  return bhs;
}

BhsBytes encode(const LoginRequest& pdu, std::uint32_t data_bytes) {
  using namespace login_layout;
  BhsBytes bhs = request_header(Opcode::login_request, true, data_bytes, pdu.cmd_sn, pdu.exp_stat_sn);
  Transit::put(bhs, pdu.transit);
  Continue::put(bhs, pdu.continued);
  CurrentStage::put(bhs, pdu.current);
  NextStage::put(bhs, pdu.next);
  VersionMax::put(bhs, pdu.version_max);
  VersionMin::put(bhs, pdu.version_min);
  Isid::put(bhs, pdu.isid);
  Tsih::put(bhs, pdu.tsih);
  TaskField::put(bhs, pdu.task);
  Cid::put(bhs, pdu.cid);
  return bhs;
}

BhsBytes encode(const TextRequest& pdu, std::uint32_t data_bytes) {
  BhsBytes bhs = request_header(Opcode::text_request, pdu.immediate, data_bytes, pdu.cmd_sn, pdu.exp_stat_sn);
  Final::put(bhs, pdu.final);
  text_layout::Continue::put(bhs, pdu.continued);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, pdu.task);
  TransferField::put(bhs, pdu.transfer);
  return bhs;
}

BhsBytes encode(const DataOut& pdu, std::uint32_t data_bytes) {
  using namespace data_layout;
  BhsBytes bhs = header(Opcode::data_out, data_bytes, pdu.final);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, pdu.task);
  TransferField::put(bhs, pdu.transfer);
  ExpStatSn::put(bhs, pdu.exp_stat_sn);
  DataSnField::put(bhs, pdu.data_sn);
  BufferOffset::put(bhs, pdu.buffer_offset);
  return bhs;
}

BhsBytes encode(const LogoutRequest& pdu, std::uint32_t data_bytes) {
  using namespace logout_layout;
  BhsBytes bhs = request_header(Opcode::logout_request, pdu.immediate, data_bytes, pdu.cmd_sn, pdu.exp_stat_sn);
  Reason::put(bhs, pdu.reason);
  TaskField::put(bhs, pdu.task);
  Cid::put(bhs, pdu.cid);
  return bhs;
}

BhsBytes encode(const SnackRequest& pdu, std::uint32_t data_bytes) {
  using namespace snack_layout;
  BhsBytes bhs = header(Opcode::snack_request, data_bytes);
  Type::put(bhs, pdu.type);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, pdu.task);
  Tag::put(bhs, pdu.tag);
  ExpStatSn::put(bhs, pdu.exp_stat_sn);
  BegRun::put(bhs, pdu.beg_run);
  RunLength::put(bhs, pdu.run_length);
  return bhs;
}

BhsBytes encode(const NopIn& pdu, std::uint32_t data_bytes) {
  BhsBytes bhs = response_header(Opcode::nop_in, data_bytes, pdu.numbering);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, pdu.task);
  TransferField::put(bhs, pdu.transfer);
  return bhs;
}

BhsBytes encode(const ScsiResponse& pdu, std::uint32_t data_bytes) {
  using namespace scsi_response_layout;
  BhsBytes bhs = response_header(Opcode::scsi_response, data_bytes, pdu.numbering);
  Response::put(bhs, pdu.response);
  Status::put(bhs, pdu.status);
  put_residual<Overflow, Underflow, ResidualCount>(bhs, pdu.residual);
  put_residual<BidirectionalOverflow, BidirectionalUnderflow, BidirectionalResidual>(bhs,
                                                                                     pdu.bidirectional_read_residual);
  TaskField::put(bhs, pdu.task);
  SnackTag::put(bhs, pdu.snack_tag);
  ExpDataSn::put(bhs, pdu.exp_data_sn);
  return bhs;
}

BhsBytes encode(const TaskManagementResponse& pdu, std::uint32_t data_bytes) {
  BhsBytes bhs = response_header(Opcode::task_management_response, data_bytes, pdu.numbering);
  task_management_layout::Response::put(bhs, pdu.response);
  TaskField::put(bhs, pdu.task);
  return bhs;
}

BhsBytes encode(const LoginResponse& pdu, std::uint32_t data_bytes) {
  using namespace login_layout;
  BhsBytes bhs = response_header(Opcode::login_response, data_bytes, pdu.numbering);
  Transit::put(bhs, pdu.transit);
  Continue::put(bhs, pdu.continued);
  CurrentStage::put(bhs, pdu.current);
  NextStage::put(bhs, pdu.next);
  VersionMax::put(bhs, pdu.version_max);
  VersionActive::put(bhs, pdu.version_active);
  Isid::put(bhs, pdu.isid);
  Tsih::put(bhs, pdu.tsih);
  TaskField::put(bhs, pdu.task);
  Status::put(bhs, pdu.status);
  return bhs;
}

BhsBytes encode(const TextResponse& pdu, std::uint32_t data_bytes) {
  BhsBytes bhs = response_header(Opcode::text_response, data_bytes, pdu.numbering);
  Final::put(bhs, pdu.final);
  text_layout::Continue::put(bhs, pdu.continued);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, pdu.task);
  TransferField::put(bhs, pdu.transfer);
  return bhs;
}

BhsBytes encode(const DataIn& pdu, std::uint32_t data_bytes) {
  using namespace data_layout;
  CHECK(!pdu.has_status || pdu.final, pdu.task);  // 11.7.6: S only with F
  BhsBytes bhs = response_header(Opcode::data_in, data_bytes, pdu.numbering);
  Final::put(bhs, pdu.final);
  Acknowledge::put(bhs, pdu.acknowledge);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, pdu.task);
  TransferField::put(bhs, pdu.transfer);
  DataSnField::put(bhs, pdu.data_sn);
  BufferOffset::put(bhs, pdu.buffer_offset);
  if (pdu.has_status) {
    HasStatus::put(bhs, true);
    Status::put(bhs, pdu.status);
    put_residual<Overflow, Underflow, ResidualCount>(bhs, pdu.residual);
  }
  return bhs;
}

BhsBytes encode(const LogoutResponse& pdu, std::uint32_t data_bytes) {
  using namespace logout_layout;
  BhsBytes bhs = response_header(Opcode::logout_response, data_bytes, pdu.numbering);
  Response::put(bhs, pdu.result);
  TaskField::put(bhs, pdu.task);
  Time2Wait::put(bhs, pdu.time2wait);
  Time2Retain::put(bhs, pdu.time2retain);
  return bhs;
}

BhsBytes encode(const R2t& pdu, std::uint32_t data_bytes) {
  using namespace r2t_layout;
  CHECK(pdu.desired_length != 0, pdu.task);  // 11.8.4
  BhsBytes bhs = response_header(Opcode::r2t, data_bytes, pdu.numbering);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, pdu.task);
  TransferField::put(bhs, pdu.transfer);
  R2tSnField::put(bhs, pdu.r2t_sn);
  BufferOffset::put(bhs, pdu.buffer_offset);
  DesiredLength::put(bhs, pdu.desired_length);
  return bhs;
}

BhsBytes encode(const AsyncMessage& pdu, std::uint32_t data_bytes) {
  using namespace async_layout;
  BhsBytes bhs = response_header(Opcode::async_message, data_bytes, pdu.numbering);
  LunField::put(bhs, pdu.lun);
  TaskField::put(bhs, kNoTask);
  Event::put(bhs, pdu.event);
  VendorCode::put(bhs, pdu.vendor_code);
  Parameter1::put(bhs, pdu.parameter1);
  Parameter2::put(bhs, pdu.parameter2);
  Parameter3::put(bhs, pdu.parameter3);
  return bhs;
}

BhsBytes encode(const Reject& pdu, std::uint32_t data_bytes) {
  BhsBytes bhs = response_header(Opcode::reject, data_bytes, pdu.numbering);
  reject_layout::Reason::put(bhs, pdu.reason);
  TaskField::put(bhs, kNoTask);
  reject_layout::DataSnField::put(bhs, pdu.data_sn);
  return bhs;
}

}  // namespace shoal::iscsi
