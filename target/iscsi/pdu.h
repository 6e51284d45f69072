// The PDUs of RFC 7143 section 11 as plain values in host order. A value is the header only; its data segment travels
// beside it as Slices (framer.h, pdu_writer.h), so a PDU is copied freely and never allocates. Lengths of the data segment
// and of additional headers are the framer's and the writer's business. Additional headers of a SCSI command are told by
// what they say (extended CDB, bidirectional length), so that a target that supports neither can refuse in SCSI's words.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "target/base/ids.h"
#include "target/iscsi/serial.h"

namespace shoal::iscsi {

using InitiatorTaskTag = Strong<struct InitiatorTaskTagTag, std::uint32_t>;
using TargetTransferTag = Strong<struct TargetTransferTagTag, std::uint32_t>;
using Lun = Strong<struct LunTag, std::uint64_t>;  // the eight bytes of SAM, big-endian
inline constexpr InitiatorTaskTag kNoTask{0xffffffff};
inline constexpr TargetTransferTag kNoTransfer{0xffffffff};

using Cdb = std::array<std::byte, 16>;

enum class Opcode : std::uint8_t {
  nop_out = 0x00,
  scsi_command = 0x01,
  task_management_request = 0x02,
  login_request = 0x03,
  text_request = 0x04,
  data_out = 0x05,
  logout_request = 0x06,
  snack_request = 0x10,
  nop_in = 0x20,
  scsi_response = 0x21,
  task_management_response = 0x22,
  login_response = 0x23,
  text_response = 0x24,
  data_in = 0x25,
  logout_response = 0x26,
  r2t = 0x31,
  async_message = 0x32,
  reject = 0x3f,
};

enum class TaskAttribute : std::uint8_t { untagged = 0, simple = 1, ordered = 2, head_of_queue = 3, aca = 4 };

enum class TaskFunction : std::uint8_t {  // 11.5.1
  abort_task = 1,
  abort_task_set = 2,
  clear_aca = 3,
  clear_task_set = 4,
  logical_unit_reset = 5,
  target_warm_reset = 6,
  target_cold_reset = 7,
  task_reassign = 8,
  query_task = 9,  // RFC 7144
  query_task_set = 10,
  i_t_nexus_reset = 11,
  query_asynchronous_event = 12,
};

enum class TaskResponse : std::uint8_t {  // 11.6.1
  complete = 0,
  task_does_not_exist = 1,
  lun_does_not_exist = 2,
  task_still_allegiant = 3,
  reassignment_not_supported = 4,
  not_supported = 5,
  authorization_failed = 6,
  function_succeeded = 7,  // RFC 7144
  rejected = 255,
};

enum class RejectReason : std::uint8_t {  // 11.17.1
  data_digest_error = 0x02,
  snack_reject = 0x03,
  protocol_error = 0x04,
  command_not_supported = 0x05,
  immediate_command_reject = 0x06,
  task_in_progress = 0x07,
  invalid_data_ack = 0x08,
  invalid_pdu_field = 0x09,
  long_operation_reject = 0x0a,
  waiting_for_logout = 0x0c,
};

enum class AsyncEvent : std::uint8_t {  // 11.9.1
  scsi_event = 0,
  logout_requested = 1,
  connection_dropped = 2,
  session_dropped = 3,
  negotiation_requested = 4,
  tasks_of_lun_terminated = 5,
  vendor_specific = 255,
};

enum class Stage : std::uint8_t { security = 0, operational = 1, reserved = 2, full_feature = 3 };  // CSG, NSG: 11.12.3

enum class LoginStatus : std::uint16_t {  // class, detail: 11.13.5
  success = 0x0000,
  moved_temporarily = 0x0101,
  moved_permanently = 0x0102,
  initiator_error = 0x0200,
  authentication_failure = 0x0201,
  authorization_failure = 0x0202,
  not_found = 0x0203,
  target_removed = 0x0204,
  unsupported_version = 0x0205,
  too_many_connections = 0x0206,
  missing_parameter = 0x0207,
  cannot_include_in_session = 0x0208,
  session_type_not_supported = 0x0209,
  session_does_not_exist = 0x020a,
  invalid_during_login = 0x020b,
  target_error = 0x0300,
  service_unavailable = 0x0301,
  out_of_resources = 0x0302,
};

enum class LogoutRequestReason : std::uint8_t { close_session = 0, close_connection = 1, remove_for_recovery = 2 };  // 11.14.1
enum class LogoutResult : std::uint8_t {  // 11.15.1
  closed = 0,
  cid_not_found = 1,
  recovery_not_supported = 2,
  cleanup_failed = 3,
};
enum class SnackType : std::uint8_t { data_or_r2t = 0, status = 1, data_ack = 2, r_data = 3 };  // 11.16.1
enum class ScsiResponseCode : std::uint8_t { completed = 0, target_failure = 1 };               // 11.4.3

// How the bytes moved compare with the expected length (11.4.5). `bytes` is 0 exactly when kind is none.
struct Residual {
  enum class Kind : std::uint8_t { none, underflow, overflow } kind = Kind::none;
  std::uint32_t bytes = 0;
  constexpr bool operator==(const Residual&) const = default;
};

// ---- from the initiator

// `immediate`: delivered at once and takes no CmdSN.
struct NopOut {  // 11.18. task kNoTask: no answer wanted
  bool immediate = false;
  Lun lun;
  InitiatorTaskTag task = kNoTask;
  TargetTransferTag transfer = kNoTransfer;
  CmdSn cmd_sn;
  StatSn exp_stat_sn;
  bool operator==(const NopOut&) const = default;
};

struct ScsiCommand {  // 11.3
  bool immediate = false;
  bool final = true;  // no unsolicited Data-Out follows
  bool read = false;
  bool write = false;
  TaskAttribute attribute = TaskAttribute::simple;
  Lun lun;
  InitiatorTaskTag task;
  std::uint32_t expected_data_transfer_length = 0;
  CmdSn cmd_sn;
  StatSn exp_stat_sn;
  Cdb cdb{};
  std::uint16_t extended_cdb_bytes = 0;                     // of the CDB beyond the 16 above (AHS type 1)
  std::optional<std::uint32_t> bidirectional_read_length;   // AHS type 2
  bool operator==(const ScsiCommand&) const = default;
};

struct TaskManagementRequest {  // 11.5
  bool immediate = false;
  TaskFunction function = TaskFunction::abort_task;  // any 7-bit value may arrive
  Lun lun;
  InitiatorTaskTag task;
  InitiatorTaskTag referenced_task = kNoTask;
  CmdSn cmd_sn;
  StatSn exp_stat_sn;
  CmdSn ref_cmd_sn;
  DataSn exp_data_sn;
  bool operator==(const TaskManagementRequest&) const = default;
};

struct LoginRequest {  // 11.12; always immediate
  bool transit = false;
  bool continued = false;
  Stage current = Stage::security;
  Stage next = Stage::security;
  std::uint8_t version_max = 0;
  std::uint8_t version_min = 0;
  std::uint64_t isid = 0;  // 48 bits
  std::uint16_t tsih = 0;
  InitiatorTaskTag task;
  std::uint16_t cid = 0;
  CmdSn cmd_sn;
  StatSn exp_stat_sn;
  bool operator==(const LoginRequest&) const = default;
};

struct TextRequest {  // 11.10
  bool immediate = false;
  bool final = true;
  bool continued = false;
  Lun lun;
  InitiatorTaskTag task;
  TargetTransferTag transfer = kNoTransfer;
  CmdSn cmd_sn;
  StatSn exp_stat_sn;
  bool operator==(const TextRequest&) const = default;
};

struct DataOut {  // 11.7
  bool final = true;
  Lun lun;
  InitiatorTaskTag task;
  TargetTransferTag transfer = kNoTransfer;
  StatSn exp_stat_sn;
  DataSn data_sn;
  std::uint32_t buffer_offset = 0;
  bool operator==(const DataOut&) const = default;
};

struct LogoutRequest {  // 11.14
  bool immediate = false;
  LogoutRequestReason reason = LogoutRequestReason::close_session;  // any 7-bit value may arrive
  InitiatorTaskTag task;
  std::uint16_t cid = 0;
  CmdSn cmd_sn;
  StatSn exp_stat_sn;
  bool operator==(const LogoutRequest&) const = default;
};

struct SnackRequest {  // 11.16
  SnackType type = SnackType::data_or_r2t;  // any 4-bit value may arrive
  Lun lun;
  InitiatorTaskTag task = kNoTask;
  std::uint32_t tag = 0xffffffff;  // Target Transfer Tag or SNACK Tag
  StatSn exp_stat_sn;
  std::uint32_t beg_run = 0;
  std::uint32_t run_length = 0;
  bool operator==(const SnackRequest&) const = default;
};

// ---- from the target

struct Numbering {  // carried by every PDU of the target
  StatSn stat_sn;
  CmdSn exp_cmd_sn;
  CmdSn max_cmd_sn;
  bool operator==(const Numbering&) const = default;
};

struct NopIn {  // 11.19
  Lun lun;
  InitiatorTaskTag task = kNoTask;
  TargetTransferTag transfer = kNoTransfer;
  Numbering numbering;
  bool operator==(const NopIn&) const = default;
};

struct ScsiResponse {  // 11.4; sense travels in the data segment, behind its two-byte length (11.4.7)
  ScsiResponseCode response = ScsiResponseCode::completed;
  std::uint8_t status = 0;  // SAM
  Residual residual;
  Residual bidirectional_read_residual;
  InitiatorTaskTag task;
  std::uint32_t snack_tag = 0;
  Numbering numbering;
  DataSn exp_data_sn;
  bool operator==(const ScsiResponse&) const = default;
};

struct TaskManagementResponse {  // 11.6
  TaskResponse response = TaskResponse::complete;
  InitiatorTaskTag task;
  Numbering numbering;
  bool operator==(const TaskManagementResponse&) const = default;
};

struct LoginResponse {  // 11.13
  bool transit = false;
  bool continued = false;
  Stage current = Stage::security;
  Stage next = Stage::security;
  std::uint8_t version_max = 0;
  std::uint8_t version_active = 0;
  std::uint64_t isid = 0;
  std::uint16_t tsih = 0;
  InitiatorTaskTag task;
  Numbering numbering;  // valid with status class 0 only
  LoginStatus status = LoginStatus::success;
  bool operator==(const LoginResponse&) const = default;
};

struct TextResponse {  // 11.11
  bool final = true;
  bool continued = false;
  Lun lun;
  InitiatorTaskTag task;
  TargetTransferTag transfer = kNoTransfer;
  Numbering numbering;
  bool operator==(const TextResponse&) const = default;
};

struct DataIn {  // 11.7. status and residual mean something with has_status only; then stat_sn counts
  bool final = true;
  bool acknowledge = false;
  bool has_status = false;
  std::uint8_t status = 0;
  Residual residual;
  Lun lun;
  InitiatorTaskTag task;
  TargetTransferTag transfer = kNoTransfer;
  Numbering numbering;
  DataSn data_sn;
  std::uint32_t buffer_offset = 0;
  bool operator==(const DataIn&) const = default;
};

struct LogoutResponse {  // 11.15
  LogoutResult result = LogoutResult::closed;
  InitiatorTaskTag task;
  Numbering numbering;
  std::uint16_t time2wait = 0;
  std::uint16_t time2retain = 0;
  bool operator==(const LogoutResponse&) const = default;
};

struct R2t {  // 11.8
  Lun lun;
  InitiatorTaskTag task;
  TargetTransferTag transfer;
  Numbering numbering;
  R2tSn r2t_sn;
  std::uint32_t buffer_offset = 0;
  std::uint32_t desired_length = 0;
  bool operator==(const R2t&) const = default;
};

struct AsyncMessage {  // 11.9
  Lun lun;
  Numbering numbering;
  AsyncEvent event = AsyncEvent::logout_requested;
  std::uint8_t vendor_code = 0;
  std::uint16_t parameter1 = 0;
  std::uint16_t parameter2 = 0;
  std::uint16_t parameter3 = 0;
  bool operator==(const AsyncMessage&) const = default;
};

struct Reject {  // 11.17; the data segment is the header of the PDU refused
  RejectReason reason = RejectReason::protocol_error;
  Numbering numbering;
  DataSn data_sn;
  bool operator==(const Reject&) const = default;
};

using InitiatorPdu = std::variant<NopOut, ScsiCommand, TaskManagementRequest, LoginRequest, TextRequest, DataOut,
                                  LogoutRequest, SnackRequest>;
using TargetPdu = std::variant<NopIn, ScsiResponse, TaskManagementResponse, LoginResponse, TextResponse, DataIn,
                               LogoutResponse, R2t, AsyncMessage, Reject>;

}  // namespace shoal::iscsi
