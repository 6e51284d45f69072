#include "target/iscsi/transfer.h"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::iscsi;

namespace {

WriteRules unsolicited_rules() {
  return {.initial_r2t = false,
          .immediate_data = true,
          .first_burst_bytes = 100,
          .max_burst_bytes = 200,
          .outstanding_r2ts = 2};
}

Slices bytes(std::size_t count) {
  if (count == 0) return {};
  return {Slice::copy_of(std::string(count, 'd'))};
}

DataOut unsolicited(std::uint32_t data_sn, std::uint32_t offset, bool final) {
  return {.final = final, .task = {7}, .data_sn = {data_sn}, .buffer_offset = offset};
}

DataOut solicited(std::uint32_t tag, std::uint32_t data_sn, std::uint32_t offset, bool final) {
  return {.final = final, .task = {7}, .transfer = {tag}, .data_sn = {data_sn}, .buffer_offset = offset};
}

}  // namespace

TEST_CASE("immediate data may be the whole write") {
  WriteTransfer transfer(unsolicited_rules(), 60, true, bytes(60));
  CHECK(transfer.done());
  CHECK(transfer.fault() == DataFault::none);
  CHECK(total_size(transfer.release_data()) == 60);
}

TEST_CASE("a write of nothing is done at once") {
  WriteTransfer transfer(unsolicited_rules(), 0, true, {});
  CHECK(transfer.done());
  CHECK_FALSE(transfer.may_solicit());
}

TEST_CASE("immediate data that were not agreed are refused") {
  WriteRules rules = unsolicited_rules();
  rules.immediate_data = false;
  WriteTransfer transfer(rules, 60, true, bytes(60));
  CHECK(transfer.done());
  CHECK(transfer.fault() == DataFault::unexpected_unsolicited);
}

TEST_CASE("immediate data beyond FirstBurstLength or the expected length are refused") {
  CHECK(WriteTransfer(unsolicited_rules(), 500, true, bytes(101)).fault() == DataFault::wrong_amount);
  CHECK(WriteTransfer(unsolicited_rules(), 50, true, bytes(51)).fault() == DataFault::wrong_amount);
}

TEST_CASE("no R2T goes out before the unsolicited part is complete") {
  WriteTransfer transfer(unsolicited_rules(), 500, false, bytes(40));
  CHECK_FALSE(transfer.may_solicit());
  CHECK(transfer.take(unsolicited(0, 40, false), bytes(30), true));
  CHECK_FALSE(transfer.may_solicit());
  CHECK(transfer.take(unsolicited(1, 70, true), bytes(30), true));
  REQUIRE(transfer.may_solicit());
  const auto first = transfer.solicit(TargetTransferTag{5});
  CHECK(first.offset == 100);
  CHECK(first.length == 200);
  const auto second = transfer.solicit(TargetTransferTag{6});
  CHECK(second.offset == 300);
  CHECK(second.length == 200);
  CHECK(second.r2t_sn == R2tSn{1});
  CHECK_FALSE(transfer.may_solicit());  // all is asked for
  CHECK(transfer.claimed_bytes() == 500);
}

TEST_CASE("an unsolicited burst that ends early is completed by R2T") {
  WriteTransfer transfer(unsolicited_rules(), 150, false, {});
  CHECK(transfer.take(unsolicited(0, 0, true), bytes(10), true));
  REQUIRE(transfer.may_solicit());
  CHECK(transfer.solicit(TargetTransferTag{1}).offset == 10);
}

TEST_CASE("unsolicited data beyond FirstBurstLength fail the task once they have ended") {
  WriteTransfer transfer(unsolicited_rules(), 500, false, bytes(90));
  CHECK(transfer.take(unsolicited(0, 90, false), bytes(20), true));
  CHECK(transfer.fault() == DataFault::wrong_amount);
  CHECK_FALSE(transfer.done());
  CHECK(transfer.take(unsolicited(1, 110, true), bytes(20), true));
  CHECK(transfer.done());
  CHECK_FALSE(transfer.may_solicit());
}

TEST_CASE("unsolicited Data-Out that InitialR2T forbids fails the task") {
  WriteRules rules = unsolicited_rules();
  rules.initial_r2t = true;
  WriteTransfer transfer(rules, 500, false, {});
  REQUIRE(transfer.may_solicit());  // none is waited for
  transfer.solicit(TargetTransferTag{1});
  CHECK(transfer.take(unsolicited(0, 0, true), bytes(20), true));
  CHECK(transfer.fault() == DataFault::unexpected_unsolicited);
  CHECK_FALSE(transfer.done());
  CHECK(transfer.take(solicited(1, 0, 0, true), bytes(200), true));
  CHECK(transfer.done());
}

TEST_CASE("at most MaxOutstandingR2T are open, and each answered one makes room") {
  WriteTransfer transfer(unsolicited_rules(), 1000, true, {});
  transfer.solicit(TargetTransferTag{1});
  transfer.solicit(TargetTransferTag{2});
  CHECK_FALSE(transfer.may_solicit());
  CHECK(transfer.take(solicited(1, 0, 0, false), bytes(100), true));
  CHECK_FALSE(transfer.may_solicit());
  CHECK(transfer.take(solicited(1, 1, 100, true), bytes(100), true));
  CHECK(transfer.may_solicit());
  CHECK(transfer.solicit(TargetTransferTag{3}).offset == 400);
}

TEST_CASE("DataSN begins at 0 in every sequence") {
  WriteTransfer transfer(unsolicited_rules(), 400, true, {});
  transfer.solicit(TargetTransferTag{1});
  transfer.solicit(TargetTransferTag{2});
  CHECK(transfer.take(solicited(1, 0, 0, true), bytes(200), true));
  CHECK(transfer.take(solicited(2, 0, 200, true), bytes(200), true));
  CHECK(transfer.done());
  CHECK(transfer.fault() == DataFault::none);
  CHECK(transfer.r2ts_sent() == 2);
}

TEST_CASE("what does not follow in a sequence damages the write") {
  const auto fault_of = [](const DataOut& data, std::size_t count) {
    WriteTransfer transfer(unsolicited_rules(), 400, true, {});
    transfer.solicit(TargetTransferTag{1});
    transfer.solicit(TargetTransferTag{2});
    CHECK(transfer.take(data, bytes(count), true));
    return transfer.fault();
  };
  CHECK(fault_of(solicited(1, 27, 0, true), 200) == DataFault::damaged);  // DataSN
  CHECK(fault_of(solicited(1, 0xffffffff, 0, true), 200) == DataFault::damaged);
  CHECK(fault_of(solicited(1, 0, 4, true), 196) == DataFault::damaged);       // offset
  CHECK(fault_of(solicited(2, 0, 200, true), 200) == DataFault::damaged);     // sequence out of order
  CHECK(fault_of(solicited(1, 0, 0, true), 100) == DataFault::wrong_amount);  // F too early
  CHECK(fault_of(solicited(1, 0, 0, true), 201) == DataFault::wrong_amount);  // beyond the R2T
}

TEST_CASE("data for a transfer that is not open are told apart") {
  WriteTransfer transfer(unsolicited_rules(), 400, true, {});
  transfer.solicit(TargetTransferTag{1});
  CHECK_FALSE(transfer.take(solicited(9, 0, 0, true), bytes(200), true));
  CHECK(transfer.fault() == DataFault::none);
}

TEST_CASE("a damaged digest fails the write when its sequences have ended") {
  WriteTransfer transfer(unsolicited_rules(), 400, true, {});
  transfer.solicit(TargetTransferTag{1});
  CHECK(transfer.take(solicited(1, 0, 0, false), bytes(100), false));
  CHECK(transfer.fault() == DataFault::damaged);
  CHECK_FALSE(transfer.done());
  CHECK(transfer.claimed_bytes() == 0);
  CHECK(transfer.take(solicited(1, 1, 100, true), bytes(100), true));
  CHECK(transfer.done());
}

TEST_CASE("a peer's many small pieces do not become a long list") {
  WriteRules rules = unsolicited_rules();
  rules.first_burst_bytes = 100000;
  WriteTransfer transfer(rules, 100000, false, {});
  for (std::uint32_t i = 0; i < 100000; ++i) transfer.take(unsolicited(i, i, i == 99999), bytes(1), true);
  REQUIRE(transfer.done());
  const Slices data = transfer.release_data();
  CHECK(total_size(data) == 100000);
  CHECK(data.size() < 1000);
}

TEST_CASE("residuals compare what moved with what was expected") {
  CHECK(residual_of(512, 512) == Residual{});
  CHECK(residual_of(0, 512) == Residual{Residual::Kind::underflow, 512});
  CHECK(residual_of(512, 200) == Residual{Residual::Kind::overflow, 312});
  CHECK(residual_of(1ull << 40, 0) == Residual{Residual::Kind::overflow, 0xffffffff});
}

TEST_CASE("read data are cut at segments, and each burst ends with F") {
  DataInCutter cutter(1000, 300, 512);
  std::vector<DataInCutter::Cut> cuts;
  while (cutter.more()) cuts.push_back(cutter.next());
  REQUIRE(cuts.size() == 4);
  CHECK(cuts[0].length == 300);
  CHECK_FALSE(cuts[0].final);
  CHECK(cuts[1].length == 212);
  CHECK(cuts[1].final);
  CHECK_FALSE(cuts[1].last);
  CHECK(cuts[2].offset == 512);
  CHECK(cuts[3].length == 188);
  CHECK(cuts[3].final);
  CHECK(cuts[3].last);
  CHECK(cuts[3].data_sn == DataSn{3});
}

TEST_CASE("how many PDUs are left is known before they are cut") {
  for (const std::uint32_t total : {0u, 1u, 299u, 300u, 512u, 513u, 1024u, 5000u}) {
    for (const std::uint32_t segment : {1u, 300u, 512u, 8192u}) {
      DataInCutter cutter(total, segment, 512);
      std::uint32_t left = cutter.pdus_left();
      for (; cutter.more(); --left, cutter.next()) REQUIRE(cutter.pdus_left() == left);
      CHECK(left == 0);
    }
  }
}
