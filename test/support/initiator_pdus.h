// Builders for the initiator's side: PDUs as open-iscsi would send them, bytes of them, and what came back, decoded.
// For unit tests, transcripts and the simulation; nothing here checks anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "target/base/slice.h"
#include "target/iscsi/framer.h"
#include "target/iscsi/pdu_codec.h"
#include "target/iscsi/pdu_writer.h"
#include "target/iscsi/text.h"

namespace shoal::test {

inline constexpr std::string_view kInitiatorName = "iqn.2016-04.com.open-iscsi:host-1";
inline constexpr std::string_view kTargetName = "iqn.2026-01.shoal:demo";
inline constexpr std::uint64_t kIsid = 0x00023d000001;

// ---- login

inline iscsi::TextKeys security_keys(std::string_view initiator = kInitiatorName,
                                     std::string_view target = kTargetName) {
  iscsi::TextKeys keys;
  keys.add("InitiatorName", initiator);
  keys.add("InitiatorAlias", "host-1");
  keys.add("TargetName", target);
  keys.add("SessionType", "Normal");
  keys.add("AuthMethod", "None");
  return keys;
}

inline iscsi::TextKeys discovery_keys(std::string_view initiator = kInitiatorName) {
  iscsi::TextKeys keys;
  keys.add("InitiatorName", initiator);
  keys.add("InitiatorAlias", "host-1");
  keys.add("SessionType", "Discovery");
  keys.add("AuthMethod", "None");
  return keys;
}

// The operational offer of open-iscsi 2.1 with its default configuration.
inline iscsi::TextKeys operational_keys() {
  return {{"HeaderDigest", "None"},
          {"DataDigest", "None"},
          {"DefaultTime2Wait", "2"},
          {"DefaultTime2Retain", "0"},
          {"IFMarker", "No"},
          {"OFMarker", "No"},
          {"ErrorRecoveryLevel", "0"},
          {"InitialR2T", "No"},
          {"ImmediateData", "Yes"},
          {"MaxBurstLength", "16776192"},
          {"FirstBurstLength", "262144"},
          {"MaxOutstandingR2T", "1"},
          {"MaxConnections", "1"},
          {"DataPDUInOrder", "Yes"},
          {"DataSequenceInOrder", "Yes"},
          {"MaxRecvDataSegmentLength", "262144"}};
}

// Replaces the value of a key, or adds it.
inline iscsi::TextKeys with(const iscsi::TextKeys& keys, std::string_view key, std::string_view value) {
  iscsi::TextKeys changed;
  for (const auto& each : keys) changed.add(each.key, each.key == key ? value : std::string_view(each.value));
  if (!keys.contains(key)) changed.add(key, value);
  return changed;
}
inline iscsi::TextKeys without(const iscsi::TextKeys& keys, std::string_view key) {
  iscsi::TextKeys changed;
  for (const auto& each : keys) {
    if (each.key != key) changed.add(each.key, each.value);
  }
  return changed;
}
inline iscsi::TextKeys joined(iscsi::TextKeys keys, const iscsi::TextKeys& more) {
  for (const auto& each : more) keys.add(each.key, each.value);
  return keys;
}

// A login request that asks for the next stage (transit) when next is after current.
inline iscsi::LoginRequest login_request(iscsi::Stage current, iscsi::Stage next) {
  return {.transit = next > current,
          .current = current,
          .next = next > current ? next : iscsi::Stage::security,
          .isid = kIsid,
          .task = {1},
          .cid = 0,
          .cmd_sn = {1},
          .exp_stat_sn = {0}};
}
inline iscsi::LoginRequest security_request() {
  return login_request(iscsi::Stage::security, iscsi::Stage::operational);
}
inline iscsi::LoginRequest operational_request() {
  return login_request(iscsi::Stage::operational, iscsi::Stage::full_feature);
}

// ---- CDBs

inline iscsi::Cdb cdb(std::initializer_list<unsigned> bytes) {
  iscsi::Cdb cdb{};
  std::size_t i = 0;
  for (const unsigned byte : bytes) cdb[i++] = static_cast<std::byte>(byte);
  return cdb;
}
inline iscsi::Cdb cdb_with_lba(unsigned opcode, std::uint64_t lba, std::uint32_t blocks) {  // the 16-byte layout
  iscsi::Cdb cdb{};
  cdb[0] = static_cast<std::byte>(opcode);
  store_be<std::uint64_t>(cdb, 2, lba);
  store_be<std::uint32_t>(cdb, 10, blocks);
  return cdb;
}
inline iscsi::Cdb read16(std::uint64_t lba, std::uint32_t blocks) { return cdb_with_lba(0x88, lba, blocks); }
inline iscsi::Cdb write16(std::uint64_t lba, std::uint32_t blocks) { return cdb_with_lba(0x8a, lba, blocks); }
inline iscsi::Cdb test_unit_ready() { return cdb({0x00}); }
inline iscsi::Cdb inquiry(unsigned length = 96) { return cdb({0x12, 0, 0, length >> 8, length & 0xff}); }

// ---- requests with the counters of one connection

// Numbers what it builds: command sequence numbers, task tags, and the StatSN expected next.
class InitiatorNumbers {
 public:
  explicit InitiatorNumbers(iscsi::CmdSn cmd_sn = {1}, std::uint32_t first_task = 0x10)
      : cmd_sn_(cmd_sn), task_(first_task) {}

  iscsi::ScsiCommand read(const iscsi::Cdb& cdb, std::uint32_t bytes) {
    iscsi::ScsiCommand command = start(cdb, bytes);
    command.read = bytes != 0;
    return command;
  }
  // `final`: no unsolicited Data-Out follows.
  iscsi::ScsiCommand write(const iscsi::Cdb& cdb, std::uint32_t bytes, bool final = true) {
    iscsi::ScsiCommand command = start(cdb, bytes);
    command.write = bytes != 0;
    command.final = final;
    return command;
  }
  iscsi::NopOut ping() {
    return {.task = next_task(), .cmd_sn = cmd_sn_++, .exp_stat_sn = exp_stat_sn_};
  }
  iscsi::NopOut pong(const iscsi::NopIn& ping) {  // the answer to the target's ping: immediate, no task
    return {.immediate = true,
            .lun = ping.lun,
            .transfer = ping.transfer,
            .cmd_sn = cmd_sn_,
            .exp_stat_sn = exp_stat_sn_};
  }
  iscsi::TextRequest text(iscsi::TargetTransferTag transfer = iscsi::kNoTransfer) {
    return {.task = next_task(), .transfer = transfer, .cmd_sn = cmd_sn_++, .exp_stat_sn = exp_stat_sn_};
  }
  iscsi::TaskManagementRequest manage(iscsi::TaskFunction function, iscsi::Lun lun = {}) {
    return {.immediate = true,
            .function = function,
            .lun = lun,
            .task = next_task(),
            .cmd_sn = cmd_sn_,
            .exp_stat_sn = exp_stat_sn_};
  }
  iscsi::TaskManagementRequest abort(const iscsi::ScsiCommand& command) {
    auto request = manage(iscsi::TaskFunction::abort_task, command.lun);
    request.referenced_task = command.task;
    request.ref_cmd_sn = command.cmd_sn;
    return request;
  }
  iscsi::LogoutRequest logout(iscsi::LogoutRequestReason reason = iscsi::LogoutRequestReason::close_session) {
    return {.immediate = true, .reason = reason, .task = next_task(), .cmd_sn = cmd_sn_, .exp_stat_sn = exp_stat_sn_};
  }
  // Data that answers an R2T; `offset` within the command.
  iscsi::DataOut solicited(const iscsi::R2t& r2t, std::uint32_t offset, iscsi::DataSn data_sn, bool final) {
    return {.final = final,
            .lun = r2t.lun,
            .task = r2t.task,
            .transfer = r2t.transfer,
            .exp_stat_sn = exp_stat_sn_,
            .data_sn = data_sn,
            .buffer_offset = offset};
  }
  iscsi::DataOut unsolicited(const iscsi::ScsiCommand& command, std::uint32_t offset, iscsi::DataSn data_sn,
                             bool final) {
    return {.final = final,
            .lun = command.lun,
            .task = command.task,
            .exp_stat_sn = exp_stat_sn_,
            .data_sn = data_sn,
            .buffer_offset = offset};
  }

  void acknowledge(iscsi::StatSn stat_sn) { exp_stat_sn_ = stat_sn + 1; }
  void set_exp_stat_sn(iscsi::StatSn exp_stat_sn) { exp_stat_sn_ = exp_stat_sn; }
  iscsi::CmdSn cmd_sn() const { return cmd_sn_; }
  iscsi::StatSn exp_stat_sn() const { return exp_stat_sn_; }

 private:
  iscsi::InitiatorTaskTag next_task() { return {task_++}; }
  iscsi::ScsiCommand start(const iscsi::Cdb& cdb, std::uint32_t bytes) {
    return {.task = next_task(),
            .expected_data_transfer_length = bytes,
            .cmd_sn = cmd_sn_++,
            .exp_stat_sn = exp_stat_sn_,
            .cdb = cdb};
  }

  iscsi::CmdSn cmd_sn_;
  iscsi::StatSn exp_stat_sn_;
  std::uint32_t task_;
};

// ---- bytes

template <class Pdu>
Slice wire(const Pdu& pdu, std::string_view data = {}, iscsi::Digests digests = {}) {
  iscsi::PduWriter writer;
  writer.set_digests(digests);
  writer.add_bytes(pdu, as_bytes(data));
  return flatten(writer.take());
}
template <class Pdu>
Slice wire(const Pdu& pdu, const iscsi::TextKeys& keys, iscsi::Digests digests = {}) {
  return wire(pdu, std::string_view(iscsi::to_text(keys)), digests);
}

// `count` bytes that differ from place to place and from seed to seed.
inline std::string pattern(std::size_t count, unsigned seed = 0) {
  std::string text(count, '\0');
  for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>(i * 7 + (i >> 8) * 13 + seed);
  return text;
}

// ---- what came back

struct Answer {
  iscsi::TargetPdu pdu;
  std::string data;
  bool data_digest_ok = true;

  template <class Pdu>
  const Pdu* as() const {
    return std::get_if<Pdu>(&pdu);
  }
  iscsi::TextKeys keys() const {  // of a login or text response; empty when it does not parse
    auto parsed = iscsi::parse_text(data);
    auto* keys = std::get_if<iscsi::TextKeys>(&parsed);
    return keys ? std::move(*keys) : iscsi::TextKeys{};
  }
};

// Reads the target's stream.
class AnswerReader {
 public:
  AnswerReader() : framer_({.data_bytes = 0xffffff}) {}
  void set_digests(iscsi::Digests digests) { framer_.set_digests(digests); }
  void receive(const Slices& bytes) {
    for (const Slice& slice : bytes) framer_.receive(slice);
  }
  // The next PDU; nullopt: no whole one there. broken(): the stream cannot be read any further.
  std::optional<Answer> next() {
    auto framed = framer_.next();
    auto* frame = std::get_if<iscsi::Frame>(&framed);
    if (!frame) {
      broken_ = broken_ || std::holds_alternative<iscsi::FrameError>(framed);
      return std::nullopt;
    }
    auto decoded = iscsi::decode_target_pdu(frame->bhs);
    auto* pdu = std::get_if<iscsi::TargetPdu>(&decoded);
    if (!pdu) {
      broken_ = true;
      return std::nullopt;
    }
    return Answer{*pdu, std::string(as_text(flatten(frame->data).bytes())), frame->data_digest_ok};
  }
  std::vector<Answer> all() {
    std::vector<Answer> answers;
    while (auto answer = next()) answers.push_back(std::move(*answer));
    return answers;
  }
  bool broken() const { return broken_; }

 private:
  iscsi::Framer framer_;
  bool broken_ = false;
};

}  // namespace shoal::test
