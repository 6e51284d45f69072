// PDU codec (RFC 7143 11): 48 header bytes <-> pdu.h values. One decode and one encode for each PDU.
//
// decode_* takes what the framer yields; reserved bits are ignored, as the RFC wants. What the data segment holds is not
// looked at. encode gives the header alone; pdu_writer.h adds digests, data and padding. Additional headers are read, never
// written: encode leaves TotalAHSLength 0.
#pragma once

#include <cstdint>
#include <variant>

#include "target/base/bytes.h"
#include "target/iscsi/bhs.h"
#include "target/iscsi/pdu.h"

namespace shoal::iscsi {

// The peer broke a rule; `reason` is what a Reject says, `what` names the rule for the log.
struct DecodeError {
  RejectReason reason = RejectReason::protocol_error;
  const char* what = "";
};

std::variant<InitiatorPdu, DecodeError> decode_initiator_pdu(Bhs bhs, ByteSpan ahs = {});
std::variant<TargetPdu, DecodeError> decode_target_pdu(Bhs bhs);

BhsBytes encode(const NopOut&, std::uint32_t data_bytes = 0);
BhsBytes encode(const ScsiCommand&, std::uint32_t data_bytes = 0);
BhsBytes encode(const TaskManagementRequest&, std::uint32_t data_bytes = 0);
BhsBytes encode(const LoginRequest&, std::uint32_t data_bytes = 0);
BhsBytes encode(const TextRequest&, std::uint32_t data_bytes = 0);
BhsBytes encode(const DataOut&, std::uint32_t data_bytes = 0);
BhsBytes encode(const LogoutRequest&, std::uint32_t data_bytes = 0);
BhsBytes encode(const SnackRequest&, std::uint32_t data_bytes = 0);
BhsBytes encode(const NopIn&, std::uint32_t data_bytes = 0);
BhsBytes encode(const ScsiResponse&, std::uint32_t data_bytes = 0);
BhsBytes encode(const TaskManagementResponse&, std::uint32_t data_bytes = 0);
BhsBytes encode(const LoginResponse&, std::uint32_t data_bytes = 0);
BhsBytes encode(const TextResponse&, std::uint32_t data_bytes = 0);
BhsBytes encode(const DataIn&, std::uint32_t data_bytes = 0);
BhsBytes encode(const LogoutResponse&, std::uint32_t data_bytes = 0);
BhsBytes encode(const R2t&, std::uint32_t data_bytes = 0);
BhsBytes encode(const AsyncMessage&, std::uint32_t data_bytes = 0);
BhsBytes encode(const Reject&, std::uint32_t data_bytes = 0);

template <class... Pdus>
BhsBytes encode(const std::variant<Pdus...>& pdu, std::uint32_t data_bytes = 0) {
  return std::visit([&](const auto& one) { return encode(one, data_bytes); }, pdu);
}

// The extended CDB (AHS type 1) of a header that decoded well; empty when there is none.
ByteSpan extended_cdb_of(ByteSpan ahs);
Opcode opcode_of(Bhs bhs);
std::uint32_t data_length_of(Bhs bhs);  // bytes, without padding
std::uint32_t ahs_length_of(Bhs bhs);   // bytes
// Bytes that fill a data segment up to a multiple of four.
constexpr std::uint32_t padding_of(std::uint32_t data_bytes) { return (4 - data_bytes % 4) % 4; }

}  // namespace shoal::iscsi
