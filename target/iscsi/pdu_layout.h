// Where each field of each PDU lies (RFC 7143 11). Names are the RFC's. Only the codec needs this header.
#pragma once

#include "target/iscsi/bhs.h"
#include "target/iscsi/pdu.h"

namespace shoal::iscsi {

namespace header_layout {  // 11.2.1, and what most PDUs share
using Immediate = Bits<bool, 0, 6>;
using OpcodeField = Bits<Opcode, 0, 0, 6>;
using Final = Bits<bool, 1, 7>;
using TotalAhsLength = Field<std::uint8_t, 4>;  // in words of four bytes
using DataSegmentLength = Field<std::uint32_t, 5, 3>;
using LunField = Field<Lun, 8>;
using TaskField = Field<InitiatorTaskTag, 16>;
using TransferField = Field<TargetTransferTag, 20>;
// from the initiator
using CmdSnField = Field<CmdSn, 24>;
using ExpStatSn = Field<StatSn, 28>;
// from the target
using StatSnField = Field<StatSn, 24>;
using ExpCmdSn = Field<CmdSn, 28>;
using MaxCmdSn = Field<CmdSn, 32>;
}  // namespace header_layout

namespace scsi_command_layout {  // 11.3
using Read = Bits<bool, 1, 6>;
using Write = Bits<bool, 1, 5>;
using Attribute = Bits<TaskAttribute, 1, 0, 3>;
using ExpectedDataTransferLength = Field<std::uint32_t, 20>;
inline constexpr std::size_t kCdb = 32;
}  // namespace scsi_command_layout

namespace scsi_response_layout {  // 11.4
using BidirectionalOverflow = Bits<bool, 1, 4>;
using BidirectionalUnderflow = Bits<bool, 1, 3>;
using Overflow = Bits<bool, 1, 2>;
using Underflow = Bits<bool, 1, 1>;
using Response = Field<ScsiResponseCode, 2>;
using Status = Field<std::uint8_t, 3>;
using SnackTag = Field<std::uint32_t, 20>;
using ExpDataSn = Field<DataSn, 36>;
using BidirectionalResidual = Field<std::uint32_t, 40>;
using ResidualCount = Field<std::uint32_t, 44>;
}  // namespace scsi_response_layout

namespace task_management_layout {  // 11.5, 11.6
using Function = Bits<TaskFunction, 1, 0, 7>;
using ReferencedTask = Field<InitiatorTaskTag, 20>;
using RefCmdSn = Field<CmdSn, 32>;
using ExpDataSn = Field<DataSn, 36>;
using Response = Field<TaskResponse, 2>;
}  // namespace task_management_layout

namespace data_layout {  // 11.7
using Acknowledge = Bits<bool, 1, 6>;
using Overflow = Bits<bool, 1, 2>;
using Underflow = Bits<bool, 1, 1>;
using HasStatus = Bits<bool, 1, 0>;
using Status = Field<std::uint8_t, 3>;
using DataSnField = Field<DataSn, 36>;
using BufferOffset = Field<std::uint32_t, 40>;
using ResidualCount = Field<std::uint32_t, 44>;
}  // namespace data_layout

namespace r2t_layout {  // 11.8
using R2tSnField = Field<R2tSn, 36>;
using BufferOffset = Field<std::uint32_t, 40>;
using DesiredLength = Field<std::uint32_t, 44>;
}  // namespace r2t_layout

namespace async_layout {  // 11.9
using Event = Field<AsyncEvent, 36>;
using VendorCode = Field<std::uint8_t, 37>;
using Parameter1 = Field<std::uint16_t, 38>;
using Parameter2 = Field<std::uint16_t, 40>;
using Parameter3 = Field<std::uint16_t, 42>;
}  // namespace async_layout

namespace text_layout {  // 11.10, 11.11
using Continue = Bits<bool, 1, 6>;
}

namespace login_layout {  // 11.12, 11.13
using Transit = Bits<bool, 1, 7>;
using Continue = Bits<bool, 1, 6>;
using CurrentStage = Bits<Stage, 1, 2, 2>;
using NextStage = Bits<Stage, 1, 0, 2>;
using VersionMax = Field<std::uint8_t, 2>;
using VersionMin = Field<std::uint8_t, 3>;     // request
using VersionActive = Field<std::uint8_t, 3>;  // response
using Isid = Field<std::uint64_t, 8, 6>;
using Tsih = Field<std::uint16_t, 14>;
using Cid = Field<std::uint16_t, 20>;
using Status = Field<LoginStatus, 36>;
}  // namespace login_layout

namespace logout_layout {  // 11.14, 11.15
using Reason = Bits<LogoutRequestReason, 1, 0, 7>;
using Cid = Field<std::uint16_t, 20>;
using Response = Field<LogoutResult, 2>;
using Time2Wait = Field<std::uint16_t, 40>;
using Time2Retain = Field<std::uint16_t, 42>;
}  // namespace logout_layout

namespace snack_layout {  // 11.16
using Type = Bits<SnackType, 1, 0, 4>;
using Tag = Field<std::uint32_t, 20>;
using BegRun = Field<std::uint32_t, 40>;
using RunLength = Field<std::uint32_t, 44>;
}  // namespace snack_layout

namespace reject_layout {  // 11.17
using Reason = Field<RejectReason, 2>;
using DataSnField = Field<DataSn, 36>;
}  // namespace reject_layout

}  // namespace shoal::iscsi
