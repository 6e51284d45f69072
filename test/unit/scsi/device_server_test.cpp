#include "target/scsi/device_server.h"

#include <catch2/catch.hpp>

#include "target/base/random.h"
#include "target/scsi/command_table.h"
#include "target/scsi/limits.h"
#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using namespace shoal::scsi::test;
using Bytes = std::vector<unsigned>;

namespace {

constexpr std::uint64_t kOtherLun = 0x0001000000000000;
constexpr UnitAttention kPowerOn{0x29, 0x00}, kCapacityChanged{0x2a, 0x09};

shoal::scsi::Cdb request_sense(unsigned allocation_length = 252) { return cdb({0x03, 0, 0, 0, allocation_length}); }
shoal::scsi::Cdb report_luns(unsigned select, std::uint32_t allocation_length = 1024) {
  return with(cdb({0xa0, 0, select}), 6, allocation_length);
}

CommandRequest write_of(std::uint32_t lba, const std::string& data) {
  const auto bytes = static_cast<std::uint32_t>(data.size());
  return {.cdb = write_10(lba, static_cast<std::uint16_t>(bytes / 512)),
          .write = true,
          .expected_bytes = bytes,
          .data = {Slice::copy_of(data)}};
}

// A WRITE SAME that becomes more writes than are in flight at once.
CommandRequest long_pattern() {
  return {.cdb = with(cdb({0x93}), 10, std::uint32_t{100'000}),
          .write = true,
          .expected_bytes = 512,
          .data = {Slice::copy_of(block_of('p'))}};
}

}  // namespace

// ---- which commands there are

TEST_CASE("a unit is ready") {
  ScsiRig rig;
  CHECK(ended(rig.run(test_unit_ready())) == kGood);
}

TEST_CASE("an operation code that is not there is refused as such") {
  ScsiRig rig;
  for (const unsigned opcode : {0x01u, 0x02u, 0x14u, 0x5du, 0x7fu, 0xc0u, 0xffu}) {
    CHECK(ended(rig.run(cdb({opcode}))) == check(5, 0x20, 0));
  }
}

TEST_CASE("a service action that is not there is an invalid field of a known operation code") {
  ScsiRig rig;
  const auto result = rig.run(cdb({0x9e, 0x13}));
  CHECK(ended(result) == kInvalidField);
  CHECK(field_pointer(result) == std::pair(0xccu, 1u));
  CHECK(ended(rig.run(cdb({0xa3, 0x0b}))) == kInvalidField);
}

// ---- LUNs

TEST_CASE("REPORT LUNS lists LUN 0, and no well known or administrative units") {
  ScsiRig rig;
  Bytes lun_0{0, 0, 0, 8};
  lun_0.resize(16);
  for (const unsigned select : {0x00u, 0x02u, 0x11u}) CHECK(bytes(rig.run(report_luns(select))) == lun_0);
  for (const unsigned select : {0x01u, 0x10u}) CHECK(bytes(rig.run(report_luns(select))) == Bytes(8, 0));
  for (const unsigned select : {0x03u, 0x0fu, 0x12u, 0xffu})
    CHECK(ended(rig.run(report_luns(select))) == kInvalidField);
  CHECK(bytes(rig.run(report_luns(0), kOtherLun)) == lun_0);
}

TEST_CASE("REPORT LUNS is cut at the allocation length") {
  ScsiRig rig;
  CHECK(bytes(rig.run(report_luns(0, 8))) == Bytes{0, 0, 0, 8, 0, 0, 0, 0});
  CHECK(rig.run(report_luns(0, 0)).transfer_bytes == 0);
}

TEST_CASE("of another LUN every command says that there is none, apart from the three that any LUN answers") {
  ScsiRig rig;
  for (const CommandEntry& entry : command_table()) {
    if (entry.any_lun) continue;
    CHECK(ended(rig.run(cdb({std::to_integer<unsigned>(entry.usage[0])}), kOtherLun)) == check(5, 0x25, 0));
  }
  CHECK(ended(rig.run(cdb({0xff}), kOtherLun)) == check(5, 0x25, 0));
  const auto sense = rig.run(request_sense(), kOtherLun);
  CHECK(ended(sense) == kGood);
  CHECK(bytes(sense)[12] == 0x25);
}

TEST_CASE("another LUN does not take this one's unit attention") {
  ScsiRig rig;
  rig.server->raise(kPowerOn);
  rig.run(request_sense(), kOtherLun);
  rig.run(test_unit_ready(), kOtherLun);
  CHECK(ended(rig.run(test_unit_ready())) == check(6, 0x29, 0));
}

// ---- unit attentions

TEST_CASE("a unit attention ends the next command, once, before it does anything") {
  ScsiRig rig;
  rig.server->raise(kCapacityChanged);
  rig.server->raise(kPowerOn);
  CHECK(ended(rig.give(write_10(0, 1), block_of('x'))) == check(6, 0x29, 0));
  CHECK(ended(rig.run(read_10(0, 1))) == check(6, 0x2a, 9));
  CHECK(rig.device->log.empty());
  CHECK(ended(rig.run(read_10(0, 1))) == kGood);
}

TEST_CASE("INQUIRY and REPORT LUNS leave a unit attention waiting") {
  ScsiRig rig;
  rig.server->raise(kPowerOn);
  CHECK(ended(rig.run(cdb({0x12, 0, 0, 0, 36}))) == kGood);
  CHECK(ended(rig.run(report_luns(0))) == kGood);
  CHECK(ended(rig.run(test_unit_ready())) == check(6, 0x29, 0));
}

TEST_CASE("REQUEST SENSE answers with the unit attention and so clears it") {
  ScsiRig rig;
  rig.server->raise(kPowerOn);
  rig.server->raise(kCapacityChanged);
  const auto fixed = bytes(rig.run(request_sense()));
  CHECK(fixed == Bytes{0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 0, 0, 0, 0, 0});
  CHECK(bytes(rig.run(cdb({0x03, 1, 0, 0, 252}))) == Bytes{0x72, 6, 0x2a, 9, 0, 0, 0, 0});
  CHECK(bytes(rig.run(cdb({0x03, 1, 0, 0, 252}))) == Bytes{0x72, 0, 0, 0, 0, 0, 0, 0});
  CHECK(ended(rig.run(test_unit_ready())) == kGood);
}

TEST_CASE("a REQUEST SENSE that is refused clears nothing") {
  ScsiRig rig;
  rig.server->raise(kPowerOn);
  CHECK(ended(rig.run(cdb({0x03, 2, 0, 0, 252}))) == kInvalidField);
  CHECK(ended(rig.run(test_unit_ready())) == check(6, 0x29, 0));
}

// ---- reservations

TEST_CASE("what the reservations do not allow conflicts and reaches no device") {
  ScsiRig rig;
  rig.state->reserve(ReservationType::write_exclusive, ScsiRig::other_port());
  const Ended kConflict{0x18};
  CHECK(ended(rig.give(write_10(0, 1), block_of('x'))) == kConflict);
  CHECK(ended(rig.run(cdb({0x35}))) == kConflict);
  CHECK(rig.device->log.empty());
  CHECK(ended(rig.run(read_10(0, 1))) == kGood);
  rig.state->reserve(ReservationType::exclusive_access, ScsiRig::other_port());
  CHECK(ended(rig.run(read_10(0, 1))) == kConflict);
  CHECK(ended(rig.run(test_unit_ready())) == kGood);
}

TEST_CASE("while another nexus has the unit by RESERVE, only the commands that SPC-2 and SBC-2 except go on") {
  ScsiRig rig;
  rig.state->painted.reserved_by = ScsiRig::other_port();
  for (const CommandEntry& entry : command_table()) {
    if (entry.despite_reserve) continue;
    shoal::scsi::Cdb cdb{entry.usage[0], std::byte{entry.service_action.value_or(0)}};
    if (entry.undoes && entry.undoes(cdb)) continue;
    CHECK(ended(rig.run(cdb)) == Ended{0x18});
  }
  CHECK(rig.device->log.empty());
  CHECK(ended(rig.run(test_unit_ready())) == Ended{0x18});
  CHECK(ended(rig.run(cdb({0x12, 0, 0, 0, 36}))) == kGood);
  CHECK(ended(rig.run(request_sense())) == kGood);
  CHECK(ended(rig.run(report_luns(0))) == kGood);
  CHECK(ended(rig.run(cdb({0x25}))) == kGood);
  rig.state->painted.reserved_by = ScsiRig::port();
  CHECK(ended(rig.run(read_10(0, 1))) == kGood);
}

TEST_CASE("reservations and a unit that is not ready come before what is wrong with a CDB") {
  ScsiRig rig;
  const auto eject = cdb({0x1b, 0, 0, 0, 0x02});
  CHECK(ended(rig.run(eject)) == kInvalidField);
  rig.state->painted.condition = UnitCondition::sanitizing;
  CHECK(ended(rig.run(eject)) == check(2, 0x04, 0x1b));
  rig.state->reserve(ReservationType::write_exclusive, ScsiRig::other_port());
  CHECK(ended(rig.run(eject)) == Ended{0x18});
}

TEST_CASE("software write protection ends what writes blocks, and nothing else") {
  ScsiRig rig;
  rig.state->painted.mode.software_write_protect = true;
  const Ended kProtected = check(7, 0x27, 2);
  CHECK(ended(rig.give(write_10(0, 1), block_of('x'))) == kProtected);
  CHECK(ended(rig.give(cdb({0x42, 0, 0, 0, 0, 0, 0, 0, 8}), std::string(8, 0))) == kProtected);
  CHECK(rig.device->log.empty());
  CHECK(ended(rig.run(read_10(0, 1))) == kGood);
  CHECK(ended(rig.run(cdb({0x35}))) == kGood);
}

namespace {

// A command is under way while its owner learns of newer reservations than generation 7, by which it was allowed.
CommandId start_outdated(ScsiRig& rig, CommandRequest request) {
  rig.device->hold();
  const CommandId id = rig.start(std::move(request));
  rig.device->newest_reservations = 8;
  return id;
}

}  // namespace

TEST_CASE("what an owner with newer reservations refuses is repeated as a new operation, when ours are newer, too") {
  ScsiRig rig;
  const CommandId id = start_outdated(rig, write_of(0, block_of('x')));
  rig.state->painted.generation = 8;
  rig.device->release();
  CHECK(ended(rig.take(id)) == kGood);
  REQUIRE(rig.device->log.size() == 2);
  const Operation &refused = rig.device->log[0], &repeated = rig.device->log[1];
  CHECK(refused.origin.reservation_generation == 7);
  CHECK(repeated.origin.reservation_generation == 8);
  CHECK(repeated.origin.id == OperationId{2});
  CHECK(repeated.origin.lowest_unfinished == OperationId{2});
  CHECK(repeated.origin.issued_at == refused.origin.issued_at);
  CHECK(repeated.range == refused.range);
  CHECK(rig.device->text(0, 1) == block_of('x'));
}

TEST_CASE("of a command with several operations each that is refused is repeated") {
  ScsiRig rig(1'000'000);
  const CommandId id = start_outdated(rig, long_pattern());
  REQUIRE(rig.device->held() > 2);
  rig.state->painted.generation = 8;
  rig.device->release();
  CHECK(ended(rig.take(id)) == kGood);
}

TEST_CASE("what was refused is not repeated after an abort, or while the unit is sanitized") {
  ScsiRig rig;
  const CommandId aborted = start_outdated(rig, write_of(0, block_of('x')));
  rig.state->painted.generation = 8;
  rig.server->abort_all([] {});
  CHECK(ended(rig.take(aborted)) == kTaskAborted);
  ScsiRig sanitized;
  const CommandId busy = start_outdated(sanitized, write_of(0, block_of('x')));
  sanitized.state->painted.generation = 8;
  sanitized.state->painted.condition = UnitCondition::sanitizing;
  sanitized.device->release();
  CHECK(ended(sanitized.take(busy)) == Ended{0x08});
  CHECK(sanitized.device->log.size() == 1);
}

TEST_CASE("a write that reads first is not let pass by what only allows to read") {
  ScsiRig rig;
  CommandRequest part_of_a_block = write_of(0, "some");
  part_of_a_block.cdb = write_10(0, 1);
  const CommandId id = start_outdated(rig, std::move(part_of_a_block));
  rig.state->painted.generation = 8;
  rig.state->reserve(ReservationType::write_exclusive, ScsiRig::other_port());
  rig.device->release();
  CHECK(ended(rig.take(id)) == Ended{0x18});
  CHECK(rig.device->text(0, 1) == std::string(kBlockBytes, char{0}));
}

TEST_CASE("a write that was refused is not repeated where the unit is write protected by now") {
  ScsiRig rig;
  const CommandId id = start_outdated(rig, write_of(0, block_of('x')));
  rig.state->painted.generation = 8;
  rig.state->painted.mode.software_write_protect = true;
  rig.device->release();
  CHECK(ended(rig.take(id)) == Ended{0x08});
  CHECK(rig.device->log.size() == 1);
}

TEST_CASE("what may have been written in part is not repeated") {
  ScsiRig rig;
  rig.device->fail_at(0, IoStatus::stale_reservation, 1);
  rig.device->hold();
  const CommandId id = rig.start(write_of(0, block_of('x')));
  rig.state->painted.generation = 8;
  rig.device->release();
  CHECK(ended(rig.take(id)) == Ended{0x08});
  CHECK(rig.device->log.size() == 1);
}

TEST_CASE("when the owner knows newer reservations than we the host is to try again, or it conflicts by now") {
  ScsiRig rig;
  rig.device->fail_at(0, IoStatus::stale_reservation);
  CHECK(ended(rig.give(write_10(0, 1), block_of('x'))) == Ended{0x08});
  rig.device->fail_at(0, IoStatus::stale_reservation);
  rig.device->hold();
  const CommandId id = rig.start(write_of(0, block_of('x')));
  rig.state->reserve(ReservationType::write_exclusive, ScsiRig::other_port());
  rig.device->release();
  CHECK(ended(rig.take(id)) == Ended{0x18});
}

TEST_CASE("what only looks is tried again where the newer reservation keeps others from writing") {
  for (const auto& look : {read_10(0, 1), with(cdb({0x9e, 0x12}), 10, 24u)}) {
    ScsiRig rig;
    rig.device->fail_at(0, IoStatus::stale_reservation, 1);
    rig.device->hold();
    const CommandId id = rig.start({.cdb = look, .read = true, .expected_bytes = 512});
    rig.state->reserve(ReservationType::write_exclusive, ScsiRig::other_port());
    rig.device->release();
    CHECK(ended(rig.take(id)) == Ended{0x08});
  }
}

// ---- operations

TEST_CASE("an operation says whose it is, since when, and what is not finished yet") {
  ScsiRig rig;
  rig.run(read_10(0, 1));
  rig.device->hold();
  rig.server->set_heard(Time(5s));
  for (int i = 0; i < 2; ++i) rig.start(write_of(0, block_of('x')));
  CHECK(rig.device->log.back().origin == Origin{.nexus = ScsiRig::nexus(),
                                                .generation = {5},
                                                .id = {3},
                                                .lowest_unfinished = {2},
                                                .reservation_generation = 7,
                                                .issued_at = Time(5s)});
}

TEST_CASE("each operation of a command is as old as the initiator's last sign of life") {
  ScsiRig rig(1u << 17);
  rig.device->hold();
  rig.server->set_heard(Time(5s));
  CommandRequest write_same{.cdb = with(cdb({0x93}), 10, 10 * kPatternWriteBlocks),
                            .write = true,
                            .expected_bytes = kBlockBytes,
                            .data = {Slice::copy_of(block_of('x'))}};
  const CommandId id = rig.start(std::move(write_same));
  REQUIRE(rig.device->log.size() == kOperationsAtOnce);
  rig.server->set_heard(Time(9s));
  rig.device->release_one();
  CHECK(rig.device->log.back().origin.issued_at == Time(9s));
  rig.device->release_one();  // and it has fallen silent since
  CHECK(rig.device->log.back().origin.issued_at == Time(9s));
  CHECK(rig.device->log[kOperationsAtOnce - 1].origin.issued_at == Time(5s));
  rig.device->release();
  CHECK(ended(rig.take(id)) == kGood);
}

TEST_CASE("each way in which an operation fails has its sense data") {
  const std::pair<IoStatus, Ended> kEnds[] = {{IoStatus::owner_silent, check(2, 0x04, 0x01)},
                                              {IoStatus::data_lost, check(2, 0x04, 0x0c)},
                                              {IoStatus::miscompare, check(0xe, 0x1d, 0)},
                                              {IoStatus::medium_error, check(3, 0x11, 0)},
                                              {IoStatus::no_space, check(7, 0x27, 7)},
                                              {IoStatus::failed, check(4, 0x44, 0)},
                                              {IoStatus::aborted, kTaskAborted},
                                              {IoStatus::fenced, kTaskAborted}};
  for (const auto& [status, end] : kEnds) {
    ScsiRig rig;
    rig.device->fail_at(0, status, 0x123);
    const auto result = rig.run(read_10(0, 1));
    CHECK(ended(result) == end);
    CHECK(result.data.empty());
    CHECK(result.transfer_bytes == 0);
  }
}

TEST_CASE("a miscompare says where") {
  ScsiRig rig;
  rig.device->fail_at(0, IoStatus::miscompare, 0x123);
  CHECK(rig.run(read_10(0, 1)).sense.value().information == 0x123);
}

// ---- aborts

TEST_CASE("an abort ends its command, and no other") {
  ScsiRig rig;
  rig.device->hold();
  const CommandId first = rig.start(write_of(0, block_of('a')));
  const CommandId second = rig.start(write_of(1, block_of('b')));
  bool aborted = false;
  rig.server->abort(first, [&] { aborted = true; });
  CHECK(aborted);
  CHECK(ended(rig.take(first)) == kTaskAborted);
  CHECK_FALSE(rig.ended(second));
  REQUIRE(rig.device->aborts.size() == 1);
  CHECK(rig.device->aborts[0].nexus == ScsiRig::nexus());
  CHECK(rig.device->aborts[0].id == OperationId{1});
  CHECK(rig.device->aborts[0].generation == Generation{5});
  rig.device->release();
  CHECK(ended(rig.take(second)) == kGood);
  CHECK(rig.device->text(0, 2) == std::string(512, '\0') + block_of('b'));
}

TEST_CASE("an abort of a command that does not run is done at once") {
  ScsiRig rig;
  bool aborted = false;
  rig.server->abort(CommandId{99}, [&] { aborted = true; });
  CHECK(aborted);
  CHECK(rig.device->aborts.empty());
}

TEST_CASE("an abort meets all operations of a command that are in flight, and no further one begins") {
  ScsiRig rig(1'000'000);
  rig.device->hold();
  const CommandId id = rig.start(long_pattern());
  const std::size_t in_flight = rig.device->held();
  CHECK(in_flight > 1);
  bool aborted = false;
  rig.server->abort(id, [&] { aborted = rig.ended(id); });
  CHECK(aborted);
  CHECK(ended(rig.take(id)) == kTaskAborted);
  CHECK(rig.device->log.size() == in_flight);
  CHECK(rig.device->held() == 0);
}

TEST_CASE("operations that end well while a command is aborted do not let it go on") {
  class EndsAllBeforeAborting final : public BlockDevice {
   public:
    std::uint64_t size_blocks() const override { return 1'000'000; }
    void submit(Operation, Completion<IoResult> done) override { pending.push_back(std::move(done)); }
    void abort(const AbortSelection&, Completion<> done) override {
      for (auto& completion : std::exchange(pending, {})) completion({});
      done();
    }
    std::vector<Completion<IoResult>> pending;
  };
  ScsiRig rig;
  const auto device = std::make_shared<EndsAllBeforeAborting>();
  rig.unit->device = device;
  const CommandId id = rig.start(long_pattern());
  bool aborted = false;
  rig.server->abort(id, [&] { aborted = true; });
  CHECK(aborted);
  CHECK(ended(rig.take(id)) == kTaskAborted);
  CHECK(device->pending.empty());
}

TEST_CASE("aborting all is about this nexus and generation") {
  ScsiRig rig(1'000'000);
  rig.device->hold();
  const CommandId first = rig.start(long_pattern());
  const CommandId second = rig.start(write_of(0, block_of('x')));
  int aborted = 0;
  rig.server->abort_all([&] { ++aborted; });
  CHECK(ended(rig.take(first)) == kTaskAborted);
  CHECK(ended(rig.take(second)) == kTaskAborted);
  CHECK(rig.device->aborts.back().nexus == ScsiRig::nexus());
  CHECK(rig.device->aborts.back().id == OperationId{0});
  CHECK(rig.device->aborts.back().generation == Generation{5});
  CHECK(aborted == 1);
}

// ---- room for what is read

namespace {

// As many reads as may hold data at once, and two more that wait.
struct FullOfReads : ScsiRig {
  static constexpr std::size_t kHolding = kMaxHeldReadBytes / (kMaxTransferBlocks * kBlockBytes);
  FullOfReads() : ScsiRig(1'000'000) {
    device->hold();
    for (std::size_t i = 0; i < kHolding + 2; ++i) reads.push_back(start_read());
  }
  CommandId start_read() {
    return start(
        {.cdb = read_16(0, kMaxTransferBlocks), .read = true, .expected_bytes = kMaxTransferBlocks * kBlockBytes});
  }
  std::vector<CommandId> reads;
};

}  // namespace

TEST_CASE("reads wait while others hold as much as they may, and go on in their order as answers leave") {
  FullOfReads rig;
  CHECK(rig.device->held() == rig.kHolding);
  rig.server->set_unsent(kMaxHeldReadBytes);  // told before the first result
  rig.device->release();
  CHECK(ended(rig.take(rig.reads[0])) == kGood);
  CHECK_FALSE(rig.ended(rig.reads[rig.kHolding]));
  rig.server->set_unsent(kMaxHeldReadBytes - 1);
  CHECK_FALSE(rig.ended(rig.reads[rig.kHolding]));
  rig.device->hold();
  rig.server->set_unsent(kMaxHeldReadBytes - kMaxTransferBlocks * kBlockBytes);
  CHECK(rig.device->held() == 1);
  rig.server->set_unsent(0);
  CHECK(rig.device->held() == 2);
  rig.device->release();
  CHECK(ended(rig.take(rig.reads[rig.kHolding])) == kGood);
  CHECK(ended(rig.take(rig.reads[rig.kHolding + 1])) == kGood);
}

TEST_CASE("a write needs no room") {
  FullOfReads rig;
  const CommandId write = rig.start(write_of(0, block_of('w')));
  CHECK(rig.device->held() == rig.kHolding + 1);
  rig.device->release();
  CHECK(ended(rig.take(write)) == kGood);
  for (const CommandId read : rig.reads) CHECK(ended(rig.take(read)) == kGood);
}

TEST_CASE("a small read does not overtake those that wait") {
  FullOfReads rig;
  const CommandId small = rig.start({.cdb = read_16(0, 1), .read = true, .expected_bytes = 512});
  CHECK(rig.device->held() == rig.kHolding);
  rig.device->release();
  CHECK(ended(rig.take(small)) == kGood);
}

TEST_CASE("a read that waits is aborted without the device, and frees no room that it never had") {
  FullOfReads rig;
  bool aborted = false;
  rig.server->abort(rig.reads[rig.kHolding], [&] { aborted = true; });
  CHECK(aborted);
  CHECK(ended(rig.take(rig.reads[rig.kHolding])) == kTaskAborted);
  CHECK(rig.device->aborts.empty());
  CHECK(rig.device->held() == rig.kHolding);
  rig.server->abort_all([] {});
  for (const CommandId read : {rig.reads[0], rig.reads[rig.kHolding + 1]}) {
    CHECK(ended(rig.take(read)) == kTaskAborted);
  }
  rig.device->hold();
  rig.reads = {rig.start_read()};
  CHECK(rig.device->held() == 1);
}

// ---- the end of the device server

TEST_CASE("nothing completes after the device server is gone") {
  ScsiRig rig;
  rig.device->hold();
  const CommandId id = rig.start(write_of(0, block_of('x')));
  rig.server.reset();
  rig.device->release();
  CHECK_FALSE(rig.ended(id));
}

TEST_CASE("a completion may destroy the device server, of a command and of an abort") {
  ScsiRig rig;
  CommandRequest request{.id = {1}, .cdb = read_10(0, 1), .read = true, .expected_bytes = 512};
  rig.server->execute(request, [&](CommandResult) { rig.server.reset(); });
  CHECK_FALSE(rig.server);
  ScsiRig other;
  other.device->hold();
  bool told = false;
  other.server->execute(request, [&](CommandResult) { other.server.reset(); });
  other.server->abort({1}, [&] { told = true; });
  CHECK_FALSE(other.server);
  CHECK_FALSE(told);
}

TEST_CASE("when the first of several aborted commands destroys the device server, the others are silent") {
  ScsiRig rig;
  rig.device->hold();
  int completed = 0;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    CommandRequest request = write_of(0, block_of('x'));
    request.id = CommandId{id};
    rig.server->execute(std::move(request), [&](CommandResult) {
      ++completed;
      rig.server.reset();
    });
  }
  rig.server->abort_all([&] { ++completed; });
  CHECK(completed == 1);
}

TEST_CASE("random CDBs never do worse than an error") {
  ScsiRig rig(5'000'000);
  SeededRandom random(1);
  for (int i = 0; i < 20'000; ++i) {
    shoal::scsi::Cdb cdb{};
    const CommandEntry& entry = command_table()[random.below(command_table().size())];
    random.fill(cdb);
    for (std::size_t at = 0; at < entry.cdb_bytes; ++at) cdb[at] &= entry.usage[at];
    cdb[0] = entry.usage[0];
    if (random.below(2) == 0) store_be(MutableByteSpan(cdb), 2, std::uint32_t{0});
    if (rig.device->log.size() > 100) rig.device->log.clear();
    rig.device->hold();
    const CommandId id =
        rig.start({.cdb = cdb, .write = true, .expected_bytes = 512, .data = {Slice::copy_of(block_of('r'))}});
    rig.server->abort_all([] {});
    CHECK(rig.ended(id));
    rig.device->release();  // what is formatted is ready again, so that the next command is looked at
    rig.results.clear();
  }
}

TEST_CASE("random parameter lists never do worse than an error") {
  ScsiRig rig;
  SeededRandom random(2);
  const auto list_of = [&](std::size_t bytes) {
    std::string list(bytes, '\0');
    random.fill(std::as_writable_bytes(std::span(list)));
    for (char& byte : list) byte = random.below(3) == 0 ? byte : '\0';  // mostly zeros get further
    return list;
  };
  const auto announcing = [&](unsigned opcode, std::uint16_t bytes) {
    const auto action = static_cast<unsigned>(random.below(8));
    switch (opcode) {
      case 0x15: return cdb({opcode, 0x10, 0, 0, bytes});
      case 0x5f: return with(cdb({opcode, action, 1}), 5, std::uint32_t{bytes});
      case 0x55: return with(cdb({opcode, 0x10}), 7, bytes);
      default: return with(cdb({opcode}), 7, bytes);
    }
  };
  for (int i = 0; i < 20'000; ++i) {
    const unsigned opcode = std::array{0x15u, 0x42u, 0x55u, 0x5fu}[random.below(4)];
    const auto bytes = static_cast<std::uint16_t>(random.below(100));
    const Ended end = ended(rig.give(announcing(opcode, bytes), list_of(bytes)));
    CHECK((end.status == 0 || end.status == 2 || end.status == 0x18));
    rig.state->painted.reserved_by.reset();
    rig.results.clear();
  }
}
