#include <catch2/catch.hpp>

#include "target/scsi/limits.h"
#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using namespace shoal::scsi::test;
using Bytes = std::vector<unsigned>;

namespace {

constexpr std::uint64_t kBlocks = 1000;  // of the rig's unit

Cdb read_6(unsigned lba, unsigned blocks) { return cdb({0x08, lba >> 16, lba >> 8 & 0xff, lba & 0xff, blocks}); }
Cdb write_6(unsigned lba, unsigned blocks) { return cdb({0x0a, lba >> 16, lba >> 8 & 0xff, lba & 0xff, blocks}); }
Cdb read_12(std::uint32_t lba, std::uint32_t blocks) { return with(with(cdb({0xa8}), 2, lba), 6, blocks); }
Cdb write_12(std::uint32_t lba, std::uint32_t blocks) { return with(with(cdb({0xaa}), 2, lba), 6, blocks); }
Cdb synchronize_10(std::uint32_t lba, std::uint16_t blocks) { return with(with(cdb({0x35}), 2, lba), 7, blocks); }
Cdb synchronize_16(std::uint64_t lba, std::uint32_t blocks) { return with(with(cdb({0x91}), 2, lba), 10, blocks); }

Cdb flagged(Cdb cdb, unsigned bits) {
  cdb[1] |= static_cast<std::byte>(bits);
  return cdb;
}

}  // namespace

// ---- READ

TEST_CASE("each READ gives the blocks that it asks for, as the device made them") {
  ScsiRig rig;
  rig.device->fill(10, 1, 'a');
  rig.device->fill(11, 1, 'b');
  for (const Cdb& cdb : {read_6(10, 2), read_10(10, 2), read_12(10, 2), read_16(10, 2)}) {
    const auto result = rig.run(cdb);
    CHECK(ended(result) == kGood);
    CHECK(text(result) == block_of('a') + block_of('b'));
    CHECK(result.transfer_bytes == 1024);
  }
  CHECK(rig.device->log.size() == 4);
}

TEST_CASE("a length of 0 is 256 blocks in READ(6) and nothing in the others") {
  ScsiRig rig;
  CHECK(rig.run(read_6(0, 0)).transfer_bytes == 256 * 512);
  for (const Cdb& cdb : {read_10(5, 0), read_12(5, 0), read_16(5, 0), read_16(kBlocks, 0)}) {
    const auto result = rig.run(cdb);
    CHECK(ended(result) == kGood);
    CHECK(result.transfer_bytes == 0);
  }
  CHECK(rig.device->log.size() == 1);
}

TEST_CASE("READ up to the last block is good, one block further is out of range") {
  ScsiRig rig;
  CHECK(ended(rig.run(read_10(kBlocks - 1, 1))) == kGood);
  CHECK(ended(rig.run(read_10(kBlocks - 1, 2))) == kOutOfRange);
  CHECK(ended(rig.run(read_10(kBlocks, 1))) == kOutOfRange);
  CHECK(ended(rig.run(read_10(kBlocks + 1, 0))) == kOutOfRange);
  CHECK(ended(rig.run(read_6(kBlocks - 1, 2))) == kOutOfRange);
  CHECK(ended(rig.run(read_12(0xffffffff, 1))) == kOutOfRange);
}

TEST_CASE("an LBA whose sum with the length overflows is out of range") {
  ScsiRig rig;
  CHECK(ended(rig.run(read_16(0xffffffffffffffff, 1))) == kOutOfRange);
  CHECK(ended(rig.run(read_16(0xffffffffffffffff, 0xffffffff))) == kOutOfRange);
  CHECK(ended(rig.run(read_16(0x8000000000000000, 0))) == kOutOfRange);
  CHECK(ended(rig.run(read_10(0xffffffff, 0xffff))) == kOutOfRange);
  CHECK(rig.device->log.empty());
}

TEST_CASE("the last block of a unit of 2^63 blocks can be read") {
  ScsiRig rig(std::uint64_t{1} << 63);
  CHECK(ended(rig.run(read_16((std::uint64_t{1} << 63) - 1, 1))) == kGood);
  CHECK(rig.device->log.back().range == BlockRange{Lba{(std::uint64_t{1} << 63) - 1}, 1});
}

TEST_CASE("a transfer beyond the maximum is refused, pointing at the length") {
  ScsiRig rig(1u << 20);
  rig.device->hold();
  CHECK(rig.ended(rig.start({.cdb = read_16(0, kMaxTransferBlocks), .read = true})) == false);
  const auto result = rig.run(read_16(0, kMaxTransferBlocks + 1));
  CHECK(ended(result) == kInvalidField);
  CHECK(field_pointer(result) == std::pair(0xcfu, 10u));
  CHECK(ended(rig.give(write_12(0, kMaxTransferBlocks + 1), "x")) == kInvalidField);
}

TEST_CASE("protection, group number, RARC and control bits are refused, pointing at them") {
  ScsiRig rig;
  for (unsigned protect = 1; protect < 8; ++protect) {
    CHECK(ended(rig.run(flagged(read_10(0, 1), protect << 5))) == kInvalidField);
    CHECK(ended(rig.give(flagged(write_10(0, 1), protect << 5), block_of('x'))) == kInvalidField);
  }
  CHECK(field_pointer(rig.run(flagged(read_10(0, 1), 0x20))) == std::pair(0xcdu, 1u));
  CHECK(ended(rig.run(flagged(read_10(0, 1), 0x04))) == kInvalidField);
  CHECK(field_pointer(rig.run(with(read_10(0, 1), 6, std::uint8_t{1}))) == std::pair(0xc8u, 6u));
  CHECK(field_pointer(rig.run(with(read_16(0, 1), 15, std::uint8_t{0x04}))) == std::pair(0xcau, 15u));
  CHECK(rig.device->log.empty());
}

TEST_CASE("bytes behind the CDB's length are not looked at") {
  ScsiRig rig;
  CHECK(ended(rig.run(with(read_10(0, 1), 10, std::uint16_t{0xffff}))) == kGood);
}

TEST_CASE("a READ that the initiator called a write is carried out") {
  ScsiRig rig;
  CHECK(ended(rig.give(read_10(0, 1), block_of('x'))) == kGood);
}

// ---- WRITE

TEST_CASE("each WRITE writes the blocks that it was given") {
  ScsiRig rig;
  char letter = 'a';
  for (const Cdb& cdb : {write_6(10, 2), write_10(10, 2), write_12(10, 2), write_16(10, 2)}) {
    const auto result = rig.give(cdb, block_of(letter) + block_of('z'));
    CHECK(ended(result) == kGood);
    CHECK(result.transfer_bytes == 1024);
    CHECK(rig.device->text(10, 2) == block_of(letter++) + block_of('z'));
    CHECK_FALSE(rig.device->log.back().fua);
  }
}

TEST_CASE("data of several slices reach the device as they are") {
  ScsiRig rig;
  const std::string all = block_of('a') + block_of('b');
  rig.give(write_10(0, 2), Slices{Slice::copy_of(all.substr(0, 100)), Slice::copy_of(all.substr(100))});
  CHECK(rig.device->text(0, 2) == all);
  CHECK(rig.device->log.back().data.size() == 2);
}

TEST_CASE("DPO, FUA and FUA_NV are taken, FUA goes to the device") {
  ScsiRig rig;
  for (const unsigned bits : {0x10u, 0x02u, 0x12u}) {
    CHECK(ended(rig.give(flagged(write_10(0, 1), bits), block_of('x'))) == kGood);
    CHECK_FALSE(rig.device->log.back().fua);
  }
  for (const Cdb& cdb : {write_10(0, 1), write_12(0, 1), write_16(0, 1)}) {
    CHECK(ended(rig.give(flagged(cdb, 0x1a), block_of('x'))) == kGood);
    CHECK(rig.device->log.back().fua);
  }
}

TEST_CASE("WRITE behind the last block writes nothing") {
  ScsiRig rig;
  CHECK(ended(rig.give(write_10(kBlocks - 1, 2), block_of('x') + block_of('x'))) == kOutOfRange);
  CHECK(ended(rig.give(write_16(0xffffffffffffffff, 2), block_of('x'))) == kOutOfRange);
  CHECK(ended(rig.give(write_16(kBlocks + 1, 0), "")) == kOutOfRange);
  CHECK(rig.device->log.empty());
}

TEST_CASE("a WRITE of nothing asks the device nothing") {
  ScsiRig rig;
  CHECK(ended(rig.give(write_10(0, 0), "")) == kGood);
  const auto overflow = rig.give(write_10(0, 1), "");
  CHECK(ended(overflow) == kGood);
  CHECK(overflow.transfer_bytes == 512);
  CHECK(rig.device->log.empty());
}

TEST_CASE("more data than the CDB asks for: the first bytes are written") {
  ScsiRig rig;
  const auto result = rig.give(write_10(0, 1), block_of('a') + block_of('b'));
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 512);
  CHECK(rig.device->text(0, 2) == block_of('a') + std::string(512, '\0'));
}

TEST_CASE("fewer blocks than the CDB asks for: those are written") {
  ScsiRig rig;
  rig.device->fill(0, 2, 'o');
  const auto result = rig.give(write_10(0, 2), block_of('a'));
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 1024);
  CHECK(rig.device->text(0, 2) == block_of('a') + block_of('o'));
}

TEST_CASE("a part of a block at the end is merged into the block") {
  ScsiRig rig;
  rig.device->fill(0, 3, 'o');
  const auto result = rig.give(write_10(0, 3), block_of('a') + std::string(200, 'b'));
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 3 * 512);
  CHECK(rig.device->text(0, 3) == block_of('a') + std::string(200, 'b') + std::string(312, 'o') + block_of('o'));
  REQUIRE(rig.device->log.size() == 2);
  CHECK(rig.device->log[0].range == BlockRange{Lba{1}, 1});
  CHECK(rig.device->log[0].origin.id != rig.device->log[1].origin.id);
}

TEST_CASE("when the block to merge into cannot be read, nothing is written") {
  ScsiRig rig;
  rig.device->fail_at(0, IoStatus::medium_error);
  CHECK(ended(rig.give(write_10(0, 1), std::string(200, 'b'))) == check(3, 0x11, 0));
  CHECK(rig.device->log.size() == 1);
}

// ---- SYNCHRONIZE CACHE

TEST_CASE("SYNCHRONIZE CACHE flushes its range, or to the end, or the whole unit") {
  ScsiRig rig;
  const auto flushed = [&](const Cdb& cdb) {
    CHECK(ended(rig.run(cdb)) == kGood);
    CHECK(rig.device->log.back().kind == OperationKind::flush);
    return rig.device->log.back().range;
  };
  CHECK(flushed(synchronize_10(5, 10)) == BlockRange{Lba{5}, 10});
  CHECK(flushed(synchronize_16(5, 0)) == BlockRange{Lba{5}, kBlocks - 5});
  CHECK(flushed(synchronize_10(0, 0)) == BlockRange{Lba{0}, 0});
  CHECK(flushed(synchronize_16(0, kBlocks)) == BlockRange{Lba{0}, 0});
  CHECK(flushed(flagged(synchronize_16(0, 0), 0x06)) == BlockRange{Lba{0}, 0});
}

TEST_CASE("SYNCHRONIZE CACHE of an empty end does not become a flush of everything") {
  ScsiRig rig;
  CHECK(ended(rig.run(synchronize_10(kBlocks, 0))) == kGood);
  CHECK(rig.device->log.empty());
}

TEST_CASE("SYNCHRONIZE CACHE behind the unit is out of range") {
  ScsiRig rig;
  CHECK(ended(rig.run(synchronize_10(kBlocks, 1))) == kOutOfRange);
  CHECK(ended(rig.run(synchronize_16(0xffffffffffffffff, 2))) == kOutOfRange);
}

// ---- READ CAPACITY

TEST_CASE("READ CAPACITY tells the last block and the sizes of blocks") {
  ScsiRig rig;
  CHECK(bytes(rig.run(cdb({0x25}))) == Bytes{0, 0, 0x03, 0xe7, 0, 0, 2, 0});
  const auto capacity = bytes(rig.run(with(cdb({0x9e, 0x10}), 10, std::uint32_t{32})));
  Bytes expected{0, 0, 0, 0, 0, 0, 0x03, 0xe7, 0, 0, 2, 0, 0, 3, 0xc0, 0};
  expected.resize(32);
  CHECK(capacity == expected);
}

TEST_CASE("READ CAPACITY(10) of more than 2 TiB says to ask with (16)") {
  for (const std::uint64_t blocks : {std::uint64_t{1} << 32, (std::uint64_t{1} << 32) + 1, std::uint64_t{1} << 40}) {
    ScsiRig rig(blocks);
    CHECK(bytes(rig.run(cdb({0x25}))) == Bytes{0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0});
  }
  ScsiRig rig((std::uint64_t{1} << 32) - 1);
  CHECK(bytes(rig.run(cdb({0x25}))) == Bytes{0xff, 0xff, 0xff, 0xfe, 0, 0, 2, 0});
}

TEST_CASE("READ CAPACITY(16) is cut at the allocation length") {
  ScsiRig rig;
  for (std::uint32_t length = 0; length < 32; ++length) {
    CHECK(rig.run(with(cdb({0x9e, 0x10}), 10, length)).transfer_bytes == length);
  }
}

TEST_CASE("a unit that is not thin claims neither LBPME nor LBPRZ") {
  ScsiRig rig;
  rig.unit->thin = false;
  CHECK(bytes(rig.run(with(cdb({0x9e, 0x10}), 10, std::uint32_t{32})))[14] == 0);
}

TEST_CASE("READ CAPACITY(10) with the obsolete PMI or an LBA is refused") {
  ScsiRig rig;
  CHECK(ended(rig.run(with(cdb({0x25}), 8, std::uint8_t{1}))) == kInvalidField);
  CHECK(ended(rig.run(with(cdb({0x25}), 2, std::uint32_t{1}))) == kInvalidField);
}

// ---- PRE-FETCH

TEST_CASE("PRE-FETCH keeps nothing, and says GOOD, not CONDITION MET") {
  ScsiRig rig(100);
  CHECK(ended(rig.run(with(cdb({0x34, 0x02}), 7, std::uint16_t{100}))) == kGood);
  CHECK(ended(rig.run(cdb({0x90}))) == kGood);
  CHECK(ended(rig.run(with(cdb({0x34}), 2, 101u))) == kOutOfRange);
  CHECK(ended(rig.run(with(with(cdb({0x90}), 2, std::uint64_t{99}), 10, 2u))) == kOutOfRange);
  CHECK(rig.device->log.empty());
}
