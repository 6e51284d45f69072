#include <catch2/catch.hpp>

#include "target/iscsi/pdu_codec.h"
#include "target/iscsi/pdu_dump.h"
#include "target/iscsi/pdu_layout.h"
#include "test/support/initiator_pdus.h"

using namespace shoal;
using namespace shoal::iscsi;

namespace {

constexpr BhsBytes golden(std::initializer_list<unsigned> bytes) {
  BhsBytes bhs{};
  std::size_t i = 0;
  for (const unsigned byte : bytes) bhs[i++] = static_cast<std::byte>(byte);
  return bhs;
}

// As open-iscsi sends it: T, CSG 0, NSG 1, 0x1a3 bytes of keys.
constexpr BhsBytes kGoldenLogin = golden({0x43, 0x81, 0x00, 0x00, 0x00, 0x00, 0x01, 0xa3,    //
                                          0x00, 0x02, 0x3d, 0x00, 0x00, 0x01, 0x00, 0x05,    //
                                          0x00, 0x00, 0x00, 0x07, 0x12, 0x34, 0x00, 0x00,    //
                                          0xde, 0xad, 0xbe, 0xef, 0x00, 0x00, 0x00, 0x09});
static_assert(login_layout::Transit::get(kGoldenLogin) && !login_layout::Continue::get(kGoldenLogin));
static_assert(login_layout::CurrentStage::get(kGoldenLogin) == Stage::security);
static_assert(login_layout::NextStage::get(kGoldenLogin) == Stage::operational);
static_assert(login_layout::Isid::get(kGoldenLogin) == 0x00023d000001);
static_assert(login_layout::Tsih::get(kGoldenLogin) == 5 && login_layout::Cid::get(kGoldenLogin) == 0x1234);
static_assert(header_layout::CmdSnField::get(kGoldenLogin) == CmdSn{0xdeadbeef});
static_assert(header_layout::DataSegmentLength::get(kGoldenLogin) == 0x1a3);
static_assert(header_layout::OpcodeField::get(kGoldenLogin) == Opcode::login_request);
static_assert(header_layout::Immediate::get(kGoldenLogin));

// READ(10) of 8 blocks at 0x1000, LUN 1, task 0x11223344.
constexpr BhsBytes kGoldenRead =
    golden({0x01, 0xc1, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  //
            0x11, 0x22, 0x33, 0x44, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x09,  //
            0x28, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x08, 0x00});
static_assert(scsi_command_layout::Read::get(kGoldenRead) && !scsi_command_layout::Write::get(kGoldenRead));
static_assert(scsi_command_layout::Attribute::get(kGoldenRead) == TaskAttribute::simple);
static_assert(scsi_command_layout::ExpectedDataTransferLength::get(kGoldenRead) == 4096);

// Data-In with status GOOD and an underflow of 0x200.
constexpr BhsBytes kGoldenDataIn =
    golden({0x25, 0x83, 0x00, 0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  //
            0x11, 0x22, 0x33, 0x44, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x06,  //
            0x00, 0x00, 0x00, 0x85, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00, 0x02, 0x00});
static_assert(data_layout::HasStatus::get(kGoldenDataIn) && data_layout::Underflow::get(kGoldenDataIn));
static_assert(data_layout::BufferOffset::get(kGoldenDataIn) == 0x2000);

// Bits of one byte do not disturb each other.
static_assert([] {
  BhsBytes bhs{};
  login_layout::Transit::put(bhs, true);
  login_layout::CurrentStage::put(bhs, Stage::full_feature);
  login_layout::NextStage::put(bhs, Stage::full_feature);
  login_layout::CurrentStage::put(bhs, Stage::operational);
  return bhs[1] == std::byte{0x87};
}());

template <class Pdu>
Pdu decoded(const BhsBytes& bhs, ByteSpan ahs = {}) {
  if constexpr (std::is_constructible_v<InitiatorPdu, Pdu>) {
    const auto result = decode_initiator_pdu(bhs, ahs);
    return std::get<Pdu>(std::get<InitiatorPdu>(result));
  } else {
    const auto result = decode_target_pdu(bhs);
    return std::get<Pdu>(std::get<TargetPdu>(result));
  }
}

template <class Pdu>
void check_round_trip(const Pdu& pdu) {
  const BhsBytes bhs = encode(pdu, 0x123456);
  CHECK(decoded<Pdu>(bhs) == pdu);
  CHECK(data_length_of(bhs) == 0x123456);
  CHECK(ahs_length_of(bhs) == 0);
}

constexpr Numbering kNumbering{{0xfffffffe}, {0x80000001}, {0x80000081}};

DecodeError error_of(const BhsBytes& bhs, ByteSpan ahs = {}) {
  return std::get<DecodeError>(decode_initiator_pdu(bhs, ahs));
}

std::vector<std::byte> ahs(std::initializer_list<unsigned> bytes) {
  std::vector<std::byte> segment;
  for (const unsigned byte : bytes) segment.push_back(static_cast<std::byte>(byte));
  return segment;
}

}  // namespace

TEST_CASE("a golden login request is read as open-iscsi meant it") {
  const auto login = decoded<LoginRequest>(kGoldenLogin);
  CHECK(login == LoginRequest{.transit = true,
                              .current = Stage::security,
                              .next = Stage::operational,
                              .isid = 0x00023d000001,
                              .tsih = 5,
                              .task = {7},
                              .cid = 0x1234,
                              .cmd_sn = {0xdeadbeef},
                              .exp_stat_sn = {9}});
  CHECK(encode(login, 0x1a3) == kGoldenLogin);
}

TEST_CASE("a golden READ and its Data-In are written bit for bit") {
  CHECK(encode(decoded<ScsiCommand>(kGoldenRead)) == kGoldenRead);
  const DataIn data{.has_status = true,
                    .residual = {Residual::Kind::underflow, 0x200},
                    .task = {0x11223344},
                    .numbering = {{9}, {6}, {0x85}},
                    .data_sn = {2},
                    .buffer_offset = 0x2000};
  CHECK(encode(data, 0xe00) == kGoldenDataIn);
}

TEST_CASE("every PDU of the initiator survives encode and decode") {
  check_round_trip(NopOut{.immediate = true,
                          .lun = {0x0001000000000000},
                          .task = {3},
                          .transfer = {4},
                          .cmd_sn = {5},
                          .exp_stat_sn = {6}});
  check_round_trip(ScsiCommand{.immediate = true,
                               .final = false,
                               .read = true,
                               .write = true,
                               .attribute = TaskAttribute::head_of_queue,
                               .lun = {0x0102030405060708},
                               .task = {0xcafebabe},
                               .expected_data_transfer_length = 0xffffffff,
                               .cmd_sn = {0xffffffff},
                               .exp_stat_sn = {0x80000000},
                               .cdb = test::write16(0x1122334455667788, 0x99aabbcc)});
  check_round_trip(TaskManagementRequest{.immediate = true,
                                         .function = TaskFunction::clear_task_set,
                                         .lun = {7},
                                         .task = {8},
                                         .referenced_task = {9},
                                         .cmd_sn = {10},
                                         .exp_stat_sn = {11},
                                         .ref_cmd_sn = {12},
                                         .exp_data_sn = {13}});
  check_round_trip(LoginRequest{.continued = true,
                                .current = Stage::operational,
                                .version_max = 1,
                                .version_min = 2,
                                .isid = 0xffeeddccbbaa,
                                .tsih = 0xabcd,
                                .task = {1},
                                .cid = 2,
                                .cmd_sn = {3},
                                .exp_stat_sn = {4}});
  check_round_trip(TextRequest{.immediate = true,
                               .final = false,
                               .continued = true,
                               .lun = {1},
                               .task = {2},
                               .transfer = {3},
                               .cmd_sn = {4},
                               .exp_stat_sn = {5}});
  check_round_trip(DataOut{.final = false,
                           .lun = {1},
                           .task = {2},
                           .transfer = {3},
                           .exp_stat_sn = {4},
                           .data_sn = {5},
                           .buffer_offset = 6});
  check_round_trip(LogoutRequest{.immediate = true,
                                 .reason = LogoutRequestReason::remove_for_recovery,
                                 .task = {1},
                                 .cid = 2,
                                 .cmd_sn = {3},
                                 .exp_stat_sn = {4}});
  check_round_trip(SnackRequest{.type = SnackType::r_data,
                                .lun = {1},
                                .task = {2},
                                .tag = 3,
                                .exp_stat_sn = {4},
                                .beg_run = 5,
                                .run_length = 6});
}

TEST_CASE("every PDU of the target survives encode and decode") {
  check_round_trip(NopIn{.lun = {1}, .task = {2}, .transfer = {3}, .numbering = kNumbering});
  check_round_trip(ScsiResponse{.response = ScsiResponseCode::target_failure,
                                .status = 2,
                                .residual = {Residual::Kind::overflow, 5},
                                .bidirectional_read_residual = {Residual::Kind::underflow, 6},
                                .task = {7},
                                .snack_tag = 8,
                                .numbering = kNumbering,
                                .exp_data_sn = {9}});
  check_round_trip(TaskManagementResponse{.response = TaskResponse::rejected, .task = {1}, .numbering = kNumbering});
  check_round_trip(LoginResponse{.transit = true,
                                 .current = Stage::operational,
                                 .next = Stage::full_feature,
                                 .version_max = 1,
                                 .version_active = 1,
                                 .isid = 0xffeeddccbbaa,
                                 .tsih = 3,
                                 .task = {4},
                                 .numbering = kNumbering,
                                 .status = LoginStatus::out_of_resources});
  check_round_trip(TextResponse{.final = false,
                                .continued = true,
                                .lun = {1},
                                .task = {2},
                                .transfer = {3},
                                .numbering = kNumbering});
  check_round_trip(DataIn{.final = false,
                          .acknowledge = true,
                          .lun = {1},
                          .task = {2},
                          .transfer = {3},
                          .numbering = kNumbering,
                          .data_sn = {4},
                          .buffer_offset = 5});
  check_round_trip(DataIn{.has_status = true,
                          .status = 0,
                          .residual = {Residual::Kind::overflow, 9},
                          .task = {2},
                          .numbering = kNumbering});
  check_round_trip(LogoutResponse{.result = LogoutResult::recovery_not_supported,
                                  .task = {1},
                                  .numbering = kNumbering,
                                  .time2wait = 2,
                                  .time2retain = 3});
  check_round_trip(R2t{.lun = {1},
                       .task = {2},
                       .transfer = {3},
                       .numbering = kNumbering,
                       .r2t_sn = {4},
                       .buffer_offset = 5,
                       .desired_length = 6});
  check_round_trip(AsyncMessage{.lun = {1},
                                .numbering = kNumbering,
                                .event = AsyncEvent::connection_dropped,
                                .vendor_code = 2,
                                .parameter1 = 3,
                                .parameter2 = 4,
                                .parameter3 = 5});
  check_round_trip(Reject{.reason = RejectReason::waiting_for_logout, .numbering = kNumbering, .data_sn = {1}});
}

TEST_CASE("an unknown opcode and one of the other direction are refused as not supported") {
  for (const unsigned opcode : {0x07u, 0x1cu, 0x1fu, 0x20u, 0x25u, 0x31u, 0x3fu}) {
    INFO("opcode " << opcode);
    CHECK(error_of(golden({opcode})).reason == RejectReason::command_not_supported);
  }
  CHECK(std::holds_alternative<DecodeError>(decode_target_pdu(golden({0x01}))));
}

TEST_CASE("reserved bits and bytes are ignored") {
  BhsBytes bhs = encode(NopOut{.task = {1}});
  bhs[0] |= std::byte{0x80};
  bhs[2] = bhs[3] = bhs[40] = std::byte{0xff};
  CHECK(decoded<NopOut>(bhs) == NopOut{.task = {1}});
}

TEST_CASE("a task attribute of the reserved range is an invalid field") {
  for (const unsigned attribute : {5u, 6u, 7u}) {
    BhsBytes bhs = encode(ScsiCommand{});
    bhs[1] = static_cast<std::byte>(0x80 | attribute);
    CHECK(error_of(bhs).reason == RejectReason::invalid_pdu_field);
  }
}

TEST_CASE("a text request with both F and C breaks the protocol") {
  CHECK(error_of(encode(TextRequest{.final = true, .continued = true})).reason == RejectReason::protocol_error);
}

TEST_CASE("additional headers tell a long CDB and a bidirectional length") {
  const auto both = ahs({0x00, 0x05, 0x01, 0x00, 0xaa, 0xbb, 0xcc, 0xdd,              // 4 bytes of CDB
                         0x00, 0x05, 0x02, 0x00, 0x00, 0x01, 0x02, 0x03});
  const auto command = decoded<ScsiCommand>(encode(ScsiCommand{}), both);
  CHECK(command.extended_cdb_bytes == 4);
  CHECK(command.bidirectional_read_length == 0x00010203);
  const ByteSpan rest = extended_cdb_of(both);
  REQUIRE(rest.size() == 4);
  CHECK(load_be<std::uint32_t>(rest) == 0xaabbccdd);
}

TEST_CASE("additional headers that are not whole, unknown or repeated are invalid") {
  const auto broken = {
      ahs({0x00}),                                            // shorter than any
      ahs({0x00, 0x09, 0x01, 0x00, 0xaa, 0xbb, 0xcc, 0xdd}),  // longer than what is there
      ahs({0x00, 0x00, 0x01, 0x00}),                          // empty
      ahs({0xff, 0xff, 0x01, 0x00}),
      ahs({0x00, 0x01, 0x01, 0x00}),                          // a CDB of nothing
      ahs({0x00, 0x04, 0x02, 0x00, 0x00, 0x01, 0x02, 0x00}),  // a length of three bytes
      ahs({0x00, 0x05, 0x03, 0x00, 0x00, 0x01, 0x02, 0x03}),  // type 3
      ahs({0x00, 0x02, 0x01, 0x00, 0xaa, 0x00, 0x00, 0x00, 0x00, 0x02, 0x01, 0x00, 0xaa, 0x00, 0x00, 0x00}),
  };
  for (const auto& segment : broken) {
    CHECK(error_of(encode(ScsiCommand{}), segment).reason == RejectReason::invalid_pdu_field);
  }
  const auto good = ahs({0x00, 0x05, 0x02, 0x00, 0x00, 0x01, 0x02, 0x03});
  CHECK(error_of(encode(NopOut{}), good).reason == RejectReason::invalid_pdu_field);
}

TEST_CASE("serial numbers compare across the wrap") {
  CHECK(precedes(StatSn{0xffffffff}, StatSn{0x00000003}));
  CHECK_FALSE(precedes(StatSn{3}, StatSn{0xffffffff}));
  CHECK(distance(StatSn{2}, StatSn{0xffffffff}) == -3);
  CmdSn cmd_sn{0xffffffff};
  CHECK(cmd_sn++ == CmdSn{0xffffffff});
  CHECK(cmd_sn == CmdSn{0});
}

TEST_CASE("a PDU is one line of text") {
  const R2t r2t{.task = {0x11}, .transfer = {2}, .numbering = {{1}, {2}, {3}}, .buffer_offset = 4, .desired_length = 5};
  CHECK(dump(r2t) == "r2t task=0x11 transfer=0x2 r2t_sn=0 offset=4 length=5 stat_sn=1 exp_cmd_sn=2 max_cmd_sn=3");
  CHECK(dump(NopOut{.task = {1}}, 9) == "nop_out lun=0x0 transfer=0xffffffff task=0x1 cmd_sn=0 exp_stat_sn=0 data=9");
}
