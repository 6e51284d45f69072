#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using namespace shoal::scsi::test;

namespace {

constexpr unsigned kMedium = 0, kData = 1 << 1, kReserved = 2 << 1, kOneBlock = 3 << 1;

Cdb verify_10(unsigned check, std::uint32_t lba, std::uint16_t blocks) {
  return with(with(cdb({0x2f, check}), 2, lba), 7, blocks);
}
Cdb verify_12(unsigned check, std::uint32_t lba, std::uint32_t blocks) {
  return with(with(cdb({0xaf, check}), 2, lba), 6, blocks);
}
Cdb verify_16(unsigned check, std::uint64_t lba, std::uint32_t blocks) {
  return with(with(cdb({0x8f, check}), 2, lba), 10, blocks);
}
Cdb write_and_verify_10(unsigned check, std::uint32_t lba, std::uint16_t blocks) {
  return with(with(cdb({0x2e, check}), 2, lba), 7, blocks);
}

const Ended kMiscompare = check(0xe, 0x1d, 0);

}  // namespace

TEST_CASE("VERIFY refuses a range beyond the unit, even an empty one, before it looks at anything else") {
  ScsiRig rig(100);
  CHECK(ended(rig.run(verify_10(kMedium, 99, 2))) == kOutOfRange);
  CHECK(ended(rig.run(verify_12(kReserved, 101, 0))) == kOutOfRange);
  CHECK(ended(rig.run(verify_16(kMedium, ~std::uint64_t{0}, 1))) == kOutOfRange);
  CHECK(ended(rig.give(write_and_verify_10(kMedium, 100, 1), block_of('a'))) == kOutOfRange);
  CHECK(rig.device->log.empty());
}

TEST_CASE("VERIFY of protection information, of too much, or of an unknown comparison is refused") {
  ScsiRig rig(1u << 20);
  CHECK(ended(rig.run(verify_10(1 << 5, 0, 1))) == kInvalidField);
  CHECK(ended(rig.run(verify_16(kMedium, 0, 1u << 17))) == kInvalidField);
  const auto reserved = rig.run(verify_10(kReserved, 0, 1));
  CHECK(ended(reserved) == kInvalidField);
  CHECK(field_pointer(reserved) == std::pair(0xcau, 1u));
  CHECK(ended(rig.give(write_and_verify_10(kReserved, 0, 1), block_of('a'))) == kInvalidField);
  CHECK(ended(rig.give(write_and_verify_10(kOneBlock, 0, 1), block_of('a'))) == kInvalidField);
  CHECK(rig.device->log.empty());
}

TEST_CASE("VERIFY of nothing is GOOD and asks the device nothing") {
  ScsiRig rig(100);
  for (const unsigned check : {kMedium, kData}) CHECK(ended(rig.run(verify_10(check, 100, 0))) == kGood);
  CHECK(rig.device->log.empty());
}

TEST_CASE("VERIFY without comparison reads the medium and gives no data") {
  ScsiRig rig;
  const auto result = rig.run(verify_10(kMedium, 3, 5));
  CHECK(ended(result) == kGood);
  CHECK(result.data.empty());
  CHECK(result.transfer_bytes == 0);
  CHECK(rig.device->log.at(0).kind == OperationKind::read);
  CHECK(rig.device->log.at(0).range == BlockRange{Lba{3}, 5});
  rig.device->fail_at(0, IoStatus::medium_error);
  CHECK(ended(rig.run(verify_16(kMedium, 3, 5))) == check(3, 0x11, 0));
}

TEST_CASE("VERIFY with data says whether they are what is there, to the last byte") {
  ScsiRig rig;
  rig.device->fill(3, 2, 'a');
  const std::string same = block_of('a') + block_of('a');
  const auto equal = rig.give(verify_12(kData, 3, 2), same);
  CHECK(ended(equal) == kGood);
  CHECK(equal.transfer_bytes == 2 * kBlockBytes);
  std::string other = same;
  other.back() = 'b';
  CHECK(ended(rig.give(verify_10(kData, 3, 2), other)) == kMiscompare);
  CHECK(ended(rig.give(verify_16(kData, 4, 2), same)) == kMiscompare);
}

TEST_CASE("data of VERIFY come in pieces that are none of the blocks'") {
  ScsiRig rig;
  rig.device->fill(0, 1, 'a');
  const Slice a = Slice::copy_of(std::string(100, 'a')), rest = Slice::copy_of(std::string(412, 'a'));
  CHECK(ended(rig.give(verify_10(kData, 0, 1), {a, Slice(), rest})) == kGood);
  const Slice wrong = Slice::copy_of(std::string(411, 'a') + 'b');
  CHECK(ended(rig.give(verify_10(kData, 0, 1), {a, wrong})) == kMiscompare);
}

TEST_CASE("what was given to VERIFY is compared, and the residual tells that it was not what the CDB says") {
  ScsiRig rig;
  rig.device->fill(0, 2, 'a');
  const auto less = rig.give(verify_10(kData, 0, 2), std::string(200, 'a'));
  CHECK(ended(less) == kGood);
  CHECK(less.transfer_bytes == 2 * kBlockBytes);
  CHECK(ended(rig.give(verify_10(kData, 0, 2), std::string(200, 'b'))) == kMiscompare);
  const auto more = rig.give(verify_10(kData, 0, 1), block_of('a') + block_of('b'));
  CHECK(ended(more) == kGood);
  CHECK(more.transfer_bytes == kBlockBytes);
}

TEST_CASE("VERIFY with one block compares every block with it") {
  ScsiRig rig;
  rig.device->fill(0, 600, 'a');
  const auto equal = rig.give(verify_10(kOneBlock, 0, 600), block_of('a'));
  CHECK(ended(equal) == kGood);
  CHECK(equal.transfer_bytes == kBlockBytes);
  rig.device->fill(599, 1, 'b');
  CHECK(ended(rig.give(verify_10(kOneBlock, 0, 600), block_of('a'))) == kMiscompare);
  CHECK(ended(rig.give(verify_10(kOneBlock, 0, 0), block_of('a'))) == kGood);
}

TEST_CASE("VERIFY with one block of which a part is missing is refused") {
  ScsiRig rig;
  CHECK(ended(rig.run(verify_10(kOneBlock, 0, 2))) == check(5, 0x1a, 0));
  CHECK(ended(rig.give(verify_10(kOneBlock, 0, 2), std::string(511, 'a'))) == check(5, 0x1a, 0));
  CHECK(rig.device->log.empty());
}

TEST_CASE("WRITE AND VERIFY writes through to the medium and then reads it") {
  ScsiRig rig;
  const auto result = rig.give(write_and_verify_10(kData, 7, 2), block_of('a') + block_of('b'));
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 2 * kBlockBytes);
  CHECK(rig.device->text(7, 2) == block_of('a') + block_of('b'));
  REQUIRE(rig.device->log.size() == 2);
  CHECK(rig.device->log[0].fua);
  CHECK(rig.device->log[1].kind == OperationKind::read);
}

TEST_CASE("WRITE AND VERIFY of less than the CDB says keeps the end of the last block") {
  ScsiRig rig;
  rig.device->fill(7, 2, 'z');
  const auto result = rig.give(write_and_verify_10(kData, 7, 2), std::string(200, 'a'));
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 2 * kBlockBytes);
  CHECK(rig.device->text(7, 1) == std::string(200, 'a') + std::string(312, 'z'));
  CHECK(ended(rig.run(write_and_verify_10(kData, 7, 1))) == kGood);
}

TEST_CASE("a WRITE AND VERIFY whose write fails verifies nothing") {
  ScsiRig rig;
  rig.device->fail_at(0, IoStatus::no_space);
  CHECK(ended(rig.give(write_and_verify_10(kMedium, 7, 1), block_of('a'))) == check(7, 0x27, 7));
  CHECK(rig.device->log.size() == 1);
}

TEST_CASE("a WRITE AND VERIFY that is aborted while it writes does not begin to read") {
  ScsiRig rig;
  rig.device->hold();
  const auto data = block_of('a');
  const CommandId id = rig.start({.cdb = write_and_verify_10(kData, 7, 1),
                                  .write = true,
                                  .expected_bytes = kBlockBytes,
                                  .data = {Slice::copy_of(data)}});
  bool done = false;
  rig.server->abort(id, [&] { done = true; });
  CHECK(done);
  CHECK(ended(rig.take(id)) == kTaskAborted);
  CHECK(rig.device->log.size() == 1);
}
