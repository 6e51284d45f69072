#include <catch2/catch.hpp>

#include "target/scsi/limits.h"
#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using namespace shoal::scsi::test;

namespace {

Cdb compare_and_write(std::uint64_t lba, unsigned blocks) {
  return with(with(cdb({0x89}), 2, lba), 13, static_cast<std::uint8_t>(blocks));
}
Cdb orwrite(std::uint64_t lba, std::uint32_t blocks) { return with(with(cdb({0x8b}), 2, lba), 10, blocks); }
Cdb write_atomic(std::uint64_t lba, std::uint16_t blocks) { return with(with(cdb({0x9c}), 2, lba), 12, blocks); }

std::string blocks_of(char letter, std::size_t count) { return std::string(count * kBlockBytes, letter); }

CommandRequest writing(const Cdb& cdb, const std::string& data) {
  return {.cdb = cdb,
          .write = true,
          .expected_bytes = static_cast<std::uint32_t>(data.size()),
          .data = {Slice::copy_of(data)}};
}

}  // namespace

// ---- COMPARE AND WRITE

TEST_CASE("COMPARE AND WRITE beyond the unit, of too much, or protected, is refused") {
  ScsiRig rig(1000);
  CHECK(ended(rig.give(compare_and_write(999, 2), blocks_of('a', 4))) == kOutOfRange);
  CHECK(ended(rig.give(compare_and_write(1001, 0), "")) == kOutOfRange);
  const unsigned many = kMaxCompareAndWriteBlocks + 1;
  const auto result = rig.give(compare_and_write(0, many), blocks_of('a', 2 * many));
  CHECK(ended(result) == kInvalidField);
  CHECK(field_pointer(result) == std::pair(0xcfu, 13u));
  Cdb protect = compare_and_write(0, 1);
  protect[1] = std::byte{0x20};
  CHECK(ended(rig.give(protect, blocks_of('a', 2))) == kInvalidField);
  CHECK(rig.device->log.empty());
}

TEST_CASE("COMPARE AND WRITE takes twice as many blocks as it names, neither more nor less") {
  ScsiRig rig;
  for (const std::size_t given : {0, 1, 3, 4}) {
    CHECK(ended(rig.give(compare_and_write(0, 1), blocks_of('a', given))) == kInvalidField);
  }
  CHECK(ended(rig.give(compare_and_write(0, 1), blocks_of('a', 2) + "b")) == kInvalidField);
  CHECK(ended(rig.give(compare_and_write(0, 0), blocks_of('a', 1))) == kInvalidField);
  CHECK(rig.device->log.empty());
}

TEST_CASE("COMPARE AND WRITE of nothing is GOOD") {
  ScsiRig rig;
  CHECK(ended(rig.run(compare_and_write(0, 0))) == kGood);
  CHECK(rig.device->log.empty());
}

TEST_CASE("COMPARE AND WRITE writes where it finds what it expects") {
  ScsiRig rig;
  rig.device->fill(5, 2, 'a');
  const auto result = rig.give(compare_and_write(5, 2), blocks_of('a', 2) + blocks_of('b', 2));
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 4 * kBlockBytes);
  CHECK(rig.device->text(5, 2) == blocks_of('b', 2));
}

TEST_CASE("COMPARE AND WRITE that finds something else says where, and writes nothing") {
  ScsiRig rig;
  rig.device->fill(5, 2, 'a');
  std::string expected = blocks_of('a', 2);
  expected[700] = 'x';
  const auto result = rig.give(compare_and_write(5, 2), expected + blocks_of('b', 2));
  CHECK(ended(result) == check(0xe, 0x1d, 0));
  CHECK(result.sense->information == 700u);
  CHECK(rig.device->text(5, 2) == blocks_of('a', 2));
}

TEST_CASE("FUA of COMPARE AND WRITE reaches the device") {
  ScsiRig rig;
  Cdb fua = compare_and_write(0, 1);
  fua[1] = std::byte{0x08};
  CHECK(ended(rig.give(fua, std::string(kBlockBytes, '\0') + block_of('b'))) == kGood);
  CHECK(rig.device->log.at(0).fua);
}

// ---- ORWRITE

TEST_CASE("ORWRITE beyond the unit, of too much, or protected, is refused") {
  ScsiRig rig(100);
  CHECK(ended(rig.give(orwrite(99, 2), blocks_of('a', 2))) == kOutOfRange);
  CHECK(ended(rig.run(orwrite(101, 0))) == kOutOfRange);
  ScsiRig large(1u << 20);
  CHECK(ended(large.give(orwrite(0, 1u << 17), blocks_of('a', 1))) == kInvalidField);
  Cdb protect = orwrite(0, 1);
  protect[1] = std::byte{0xe0};
  CHECK(ended(rig.give(protect, block_of('a'))) == kInvalidField);
  CHECK(ended(rig.run(orwrite(0, 0))) == kGood);
  CHECK(rig.device->log.empty());
}

TEST_CASE("ORWRITE adds bits to those that are there, piece by piece") {
  ScsiRig rig;
  constexpr std::uint32_t kBlocks = 2 * kMaxCompareAndWriteBlocks + 1;
  rig.device->fill(10, kBlocks, '\x50');
  const auto result = rig.give(orwrite(10, kBlocks), blocks_of('\x05', kBlocks));
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == kBlocks * kBlockBytes);
  CHECK(rig.device->text(10, kBlocks) == blocks_of('\x55', kBlocks));
  CHECK(rig.device->text(9, 1) == blocks_of('\0', 1));
  CHECK(rig.device->log.size() == 6);  // three pieces, each read and written
}

TEST_CASE("ORWRITE loses nothing that was written between its read and its write") {
  ScsiRig rig;
  rig.device->hold();
  const CommandId id = rig.start(writing(orwrite(0, 1), block_of('\x01')));
  rig.device->release_one();       // it has read zeros
  rig.device->fill(0, 1, '\x10');  // somebody writes
  rig.device->release_one();       // its write finds that
  CHECK_FALSE(rig.ended(id));
  rig.device->release();
  CHECK(ended(rig.take(id)) == kGood);
  CHECK(rig.device->text(0, 1) == block_of('\x11'));
}

TEST_CASE("ORWRITE of less than the CDB says changes what was given") {
  ScsiRig rig;
  rig.device->fill(0, 2, '\x10');
  const auto result = rig.give(orwrite(0, 2), std::string(100, '\x01'));
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 2 * kBlockBytes);
  CHECK(rig.device->text(0, 1) == std::string(100, '\x11') + std::string(412, '\x10'));
  CHECK(rig.device->text(1, 1) == block_of('\x10'));
}

TEST_CASE("ORWRITE ends with the first piece that fails") {
  ScsiRig rig;
  rig.device->fail_at(1, IoStatus::no_space);
  CHECK(ended(rig.give(orwrite(0, 200), blocks_of('a', 200))) == check(7, 0x27, 7));
  CHECK(rig.device->log.size() == 2);
}

TEST_CASE("ORWRITE that is aborted between its read and its write writes nothing") {
  ScsiRig rig;
  rig.device->hold();
  const CommandId id = rig.start(writing(orwrite(0, 1), block_of('a')));
  bool done = false;
  rig.server->abort_all([&] { done = true; });
  CHECK(done);
  CHECK(ended(rig.take(id)) == kTaskAborted);
  CHECK(rig.device->log.size() == 1);
}

// ---- WRITE ATOMIC

TEST_CASE("WRITE ATOMIC is refused beyond the unit, beyond the limit, and off the physical blocks") {
  ScsiRig rig(1u << 12);
  CHECK(ended(rig.give(write_atomic(4096 - 8, 16), blocks_of('a', 16))) == kOutOfRange);
  CHECK(ended(rig.run(write_atomic(4097, 0))) == kOutOfRange);
  CHECK(field_pointer(rig.give(write_atomic(1, 8), blocks_of('a', 8))) == std::pair(0xcfu, 2u));
  CHECK(field_pointer(rig.give(write_atomic(8, 1), blocks_of('a', 1))) == std::pair(0xcfu, 12u));
  CHECK(ended(rig.give(write_atomic(0, kMaxAtomicBlocks + 8), blocks_of('a', 8))) == kInvalidField);
  Cdb boundary = write_atomic(0, 8);
  boundary[11] = std::byte{8};
  CHECK(field_pointer(rig.give(boundary, blocks_of('a', 8))) == std::pair(0xcbu, 11u));
  CHECK(ended(rig.run(write_atomic(0, 0))) == kGood);
  CHECK(rig.device->log.empty());
}

TEST_CASE("WRITE ATOMIC of one physical block is one write") {
  ScsiRig rig;
  CHECK(ended(rig.give(write_atomic(8, 8), blocks_of('a', 8))) == kGood);
  CHECK(rig.device->text(8, 8) == blocks_of('a', 8));
  REQUIRE(rig.device->log.size() == 1);
  CHECK(rig.device->log[0].kind == OperationKind::write);
}

TEST_CASE("WRITE ATOMIC of more is one operation that nothing comes between, done again where something did") {
  ScsiRig rig;
  rig.device->hold();
  const CommandId id = rig.start(writing(write_atomic(0, 256), blocks_of('a', 256)));
  rig.device->release_one();
  rig.device->fill(100, 1, 'z');
  rig.device->release();
  CHECK(ended(rig.take(id)) == kGood);
  CHECK(rig.device->text(0, 256) == blocks_of('a', 256));
  CHECK(rig.device->log.size() == 4);
  CHECK(rig.device->log.back().kind == OperationKind::compare_and_write);
  CHECK(rig.device->log.back().range == BlockRange{Lba{0}, 256});
}
