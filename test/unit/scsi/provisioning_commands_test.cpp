#include <catch2/catch.hpp>

#include "target/scsi/limits.h"
#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using namespace shoal::scsi::test;

namespace {

constexpr std::uint64_t kBlocks = 1000;
constexpr unsigned kUnmapBit = 0x08, kNdob = 0x01;

Cdb unmap(std::uint16_t list_bytes) { return with(cdb({0x42}), 7, list_bytes); }

struct Range {
  std::uint64_t lba;
  std::uint32_t blocks;
};

std::string unmap_list(std::size_t descriptor_bytes, const std::vector<Range>& ranges) {
  std::vector<std::byte> list(8 + 16 * ranges.size());
  store_be(MutableByteSpan(list), 0, static_cast<std::uint16_t>(list.size() - 2));
  store_be(MutableByteSpan(list), 2, static_cast<std::uint16_t>(descriptor_bytes));
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    store_be(MutableByteSpan(list), 8 + 16 * i, ranges[i].lba);
    store_be(MutableByteSpan(list), 16 + 16 * i, ranges[i].blocks);
  }
  return std::string(as_text(list));
}

CommandResult unmap(ScsiRig& rig, const std::vector<Range>& ranges) {
  const std::string list = unmap_list(16 * ranges.size(), ranges);
  return rig.give(unmap(static_cast<std::uint16_t>(list.size())), list);
}

Cdb write_same_10(unsigned bits, std::uint32_t lba, std::uint16_t blocks) {
  return with(with(cdb({0x41, bits}), 2, lba), 7, blocks);
}
Cdb write_same_16(unsigned bits, std::uint64_t lba, std::uint32_t blocks) {
  return with(with(cdb({0x93, bits}), 2, lba), 10, blocks);
}

const std::string kZeros(512, '\0');

}  // namespace

// ---- UNMAP

TEST_CASE("UNMAP makes an operation of each range, each with a number of its own") {
  ScsiRig rig;
  rig.device->fill(0, 20, 'x');
  const auto result = unmap(rig, {{1, 2}, {10, 5}});
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 40);
  REQUIRE(rig.device->log.size() == 2);
  CHECK(rig.device->log[0].kind == OperationKind::unmap);
  CHECK(rig.device->log[0].range == BlockRange{Lba{1}, 2});
  CHECK(rig.device->log[1].range == BlockRange{Lba{10}, 5});
  CHECK(rig.device->log[0].origin.id == OperationId{1});
  CHECK(rig.device->log[1].origin.id == OperationId{2});
}

TEST_CASE("UNMAP of nothing is good: no list, no descriptors, ranges of no blocks, at the unit's end too") {
  ScsiRig rig;
  CHECK(ended(rig.give(unmap(0), "")) == kGood);
  CHECK(ended(unmap(rig, {})) == kGood);
  CHECK(ended(unmap(rig, {{0, 0}, {kBlocks, 0}})) == kGood);
  CHECK(rig.device->log.empty());
}

TEST_CASE("UNMAP with one range out of the unit unmaps none") {
  ScsiRig rig;
  CHECK(ended(unmap(rig, {{0, 1}, {kBlocks - 1, 2}})) == kOutOfRange);
  CHECK(ended(unmap(rig, {{0xffffffffffffffff, 1}})) == kOutOfRange);
  CHECK(ended(unmap(rig, {{kBlocks + 1, 0}})) == kOutOfRange);
  CHECK(rig.device->log.empty());
}

TEST_CASE("UNMAP with a list that is too short is refused") {
  ScsiRig rig;
  const Ended kLengthError = check(5, 0x1a, 0);
  CHECK(ended(rig.give(unmap(7), std::string(7, '\0'))) == kLengthError);
  CHECK(ended(rig.give(unmap(24), unmap_list(17, {{0, 1}}))) == kLengthError);
  CHECK(ended(rig.give(unmap(24), unmap_list(0xffff, {{0, 1}}))) == kLengthError);
  CHECK(ended(rig.give(unmap(8), unmap_list(16, {{0, 1}}))) == kLengthError);
  CHECK(ended(rig.give(unmap(24), "")) == kLengthError);
  CHECK(rig.device->log.empty());
}

TEST_CASE("an incomplete descriptor at the end of the list is ignored") {
  ScsiRig rig;
  CHECK(ended(rig.give(unmap(40), unmap_list(31, {{0, 1}, {5, 1}}))) == kGood);
  CHECK(rig.device->log.size() == 1);
}

TEST_CASE("UNMAP keeps to the limits of page B0") {
  ScsiRig rig(std::uint64_t{1} << 32);
  CHECK(ended(unmap(rig, std::vector<Range>(kMaxUnmapDescriptors, {0, 1}))) == kGood);
  const auto descriptors = unmap(rig, std::vector<Range>(kMaxUnmapDescriptors + 1, {0, 1}));
  CHECK(ended(descriptors) == check(5, 0x26, 0));
  CHECK(field_pointer(descriptors) == std::pair(0x8fu, 2u));
  CHECK(ended(unmap(rig, {{0, kMaxUnmapBlocks}})) == kGood);
  CHECK(ended(unmap(rig, {{0, kMaxUnmapBlocks}, {0, 1}})) == check(5, 0x26, 0));
  CHECK(ended(unmap(rig, std::vector<Range>(kMaxUnmapDescriptors, {0, 0xffffffff}))) == check(5, 0x26, 0));
}

TEST_CASE("UNMAP ends when all of its ranges are done, and a few at once are enough") {
  ScsiRig rig;
  rig.device->hold();
  std::vector<Range> ranges;
  for (std::uint64_t i = 0; i < 20; ++i) ranges.push_back({i * 10, 5});
  const std::string list = unmap_list(16 * ranges.size(), ranges);
  const CommandId id = rig.start({.cdb = unmap(static_cast<std::uint16_t>(list.size())),
                                  .write = true,
                                  .expected_bytes = static_cast<std::uint32_t>(list.size()),
                                  .data = {Slice::copy_of(list)}});
  for (std::size_t done = 0; done < 20; ++done) {
    CHECK_FALSE(rig.ended(id));
    CHECK(rig.device->held() == std::min(kOperationsAtOnce, 20 - done));
    rig.device->release_one();
  }
  CHECK(ended(rig.take(id)) == kGood);
}

TEST_CASE("whichever range of UNMAP fails, its status is the command's, and no further range begins") {
  const std::vector<Range> ranges{{0, 1}, {2, 1}, {4, 1}, {6, 1}};
  for (std::size_t nth = 0; nth < ranges.size(); ++nth) {
    ScsiRig rig;
    rig.device->fail_at(nth, IoStatus::owner_silent);
    CHECK(ended(unmap(rig, ranges)) == check(2, 0x04, 0x01));
    CHECK(rig.device->log.size() == nth + 1);
  }
}

TEST_CASE("a unit that is not thin has no UNMAP") {
  ScsiRig rig;
  rig.unit->thin = false;
  CHECK(ended(unmap(rig, {{0, 1}})) == check(5, 0x20, 0));
}

TEST_CASE("UNMAP with ANCHOR is refused") {
  ScsiRig rig;
  CHECK(ended(rig.give(with(unmap(8), 1, std::uint8_t{1}), kZeros.substr(0, 8))) == kInvalidField);
}

// ---- WRITE SAME

TEST_CASE("WRITE SAME of zeros is one operation that zeroes, or unmaps where UNMAP is set") {
  ScsiRig rig;
  for (const auto& [cdb, kind] : {std::pair{write_same_10(0, 5, 10), OperationKind::zero},
                                  {write_same_16(0, 5, 10), OperationKind::zero},
                                  {write_same_10(kUnmapBit, 5, 10), OperationKind::unmap},
                                  {write_same_16(kUnmapBit, 5, 10), OperationKind::unmap}}) {
    const auto result = rig.give(cdb, kZeros);
    CHECK(ended(result) == kGood);
    CHECK(result.transfer_bytes == 512);
    CHECK(rig.device->log.back().kind == kind);
    CHECK(rig.device->log.back().range == BlockRange{Lba{5}, 10});
  }
}

TEST_CASE("NDOB stands for zeros and takes no data") {
  ScsiRig rig;
  const auto result = rig.give(write_same_16(kNdob, 5, 10), "");
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 0);
  CHECK(rig.device->log.back().kind == OperationKind::zero);
  CHECK(ended(rig.give(write_same_16(kNdob | kUnmapBit, 5, 10), "")) == kGood);
  CHECK(rig.device->log.back().kind == OperationKind::unmap);
  CHECK(ended(rig.give(write_same_16(kNdob, 5, 10), kZeros)) == check(5, 0x1a, 0));
  CHECK(ended(rig.give(write_same_10(kNdob, 5, 10), "")) == kInvalidField);
}

TEST_CASE("WRITE SAME of a pattern writes the pattern") {
  ScsiRig rig;
  std::string block(kBlockBytes, '\0');
  block.back() = 'x';
  CHECK(ended(rig.give(write_same_10(0, 3, 2), block)) == kGood);
  CHECK(rig.device->text(2, 4) == kZeros + block + block + kZeros);
}

TEST_CASE("WRITE SAME with UNMAP gives the blocks back, whatever the block of data holds") {
  ScsiRig rig;
  rig.device->fill(2, 4, 'a');
  CHECK(ended(rig.give(write_same_16(kUnmapBit, 3, 2), block_of('x'))) == kGood);
  CHECK(rig.device->log.back().kind == OperationKind::unmap);
  CHECK(rig.device->text(2, 4) == block_of('a') + kZeros + kZeros + block_of('a'));
}

TEST_CASE("a pattern that is longer than its buffer and than one write arrives whole") {
  const std::uint64_t blocks = 2 * kPatternWriteBlocks + 3;
  ScsiRig rig(blocks + 2);
  CHECK(ended(rig.give(write_same_16(0, 1, static_cast<std::uint32_t>(blocks)), block_of('p'))) == kGood);
  REQUIRE(rig.device->log.size() == 3);
  CHECK(rig.device->log[2].range == BlockRange{Lba{1 + 2 * kPatternWriteBlocks}, 3});
  CHECK(rig.device->log[2].origin.id == OperationId{3});
  CHECK(rig.device->text(0, 1) == kZeros);
  CHECK(rig.device->text(1, blocks) == std::string(blocks * 512, 'p'));
  CHECK(rig.device->text(blocks + 1, 1) == kZeros);
}

TEST_CASE("WRITE SAME of 0 blocks goes to the unit's end") {
  ScsiRig rig;
  CHECK(ended(rig.give(write_same_10(0, 990, 0), kZeros)) == kGood);
  CHECK(rig.device->log.back().range == BlockRange{Lba{990}, 10});
  CHECK(ended(rig.give(write_same_16(kUnmapBit, 0, 0), kZeros)) == kGood);
  CHECK(rig.device->log.back().range == BlockRange{Lba{0}, kBlocks});
  CHECK(ended(rig.give(write_same_16(0, kBlocks, 0), kZeros)) == kGood);
  CHECK(rig.device->log.size() == 2);
}

TEST_CASE("WRITE SAME keeps to MAXIMUM WRITE SAME LENGTH, to the unit's end too") {
  ScsiRig rig(kMaxWriteSameBlocks + 1);
  CHECK(ended(rig.give(write_same_16(0, 0, kMaxWriteSameBlocks), kZeros)) == kGood);
  CHECK(ended(rig.give(write_same_16(0, 1, 0), kZeros)) == kGood);
  CHECK(ended(rig.give(write_same_16(0, 0, 0), kZeros)) == kInvalidField);
  CHECK(ended(rig.give(write_same_16(0, 0, kMaxWriteSameBlocks + 1), kZeros)) == kInvalidField);
}

TEST_CASE("WRITE SAME behind the unit is out of range") {
  ScsiRig rig;
  CHECK(ended(rig.give(write_same_10(0, kBlocks + 1, 0), kZeros)) == kOutOfRange);
  CHECK(ended(rig.give(write_same_10(0, kBlocks - 1, 2), kZeros)) == kOutOfRange);
  CHECK(ended(rig.give(write_same_16(0, 0xffffffffffffffff, 2), kZeros)) == kOutOfRange);
  CHECK(rig.device->log.empty());
}

TEST_CASE("WRITE SAME wants exactly one block of data") {
  ScsiRig rig;
  const Ended kLengthError = check(5, 0x1a, 0);
  CHECK(ended(rig.give(write_same_10(kUnmapBit, 0, 1), kZeros.substr(256))) == kLengthError);
  CHECK(ended(rig.give(write_same_10(0, 0, 1), kZeros + kZeros)) == kLengthError);
  CHECK(ended(rig.give(write_same_16(0, 0, 1), "")) == kLengthError);
  CHECK(rig.device->log.empty());
}

TEST_CASE("WRITE SAME with ANCHOR, or with UNMAP where the unit is not thin, is refused") {
  ScsiRig rig;
  CHECK(ended(rig.give(write_same_16(0x10, 0, 1), kZeros)) == kInvalidField);
  CHECK(ended(rig.give(write_same_16(0x10 | kUnmapBit, 0, 1), kZeros)) == kInvalidField);
  rig.unit->thin = false;
  CHECK(ended(rig.give(write_same_10(kUnmapBit, 0, 1), kZeros)) == kInvalidField);
  CHECK(ended(rig.give(write_same_10(0, 0, 1), kZeros)) == kGood);
}
