#include <catch2/catch.hpp>

#include "target/scsi/limits.h"
#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using namespace shoal::scsi::test;

namespace {

std::string be(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = bytes; i-- > 0;) text += static_cast<char>(value >> 8 * i);
  return text;
}

constexpr std::uint64_t kOurNaa = 0x3123456789abcdef;

std::string unit_named(std::uint64_t naa, unsigned type = 0xe4) {
  std::string descriptor = be(type, 1) + be(0, 3) + be(0x01, 1) + be(0x03, 1) + be(0, 1) + be(8, 1) + be(naa, 8);
  descriptor.resize(28, '\0');
  return descriptor + be(kBlockBytes, 4);
}
std::string segment(std::uint64_t from, std::uint64_t to, unsigned blocks, unsigned source = 0, unsigned target = 0) {
  return be(0x02, 1) + be(0, 1) + be(0x18, 2) + be(source, 2) + be(target, 2) + be(0, 2) + be(blocks, 2) + be(from, 8) +
         be(to, 8);
}

struct List {
  unsigned id = 7, usage = 0;
  std::string units = unit_named(kOurNaa);
  std::string segments{};
  std::string bytes() const {
    return be(id, 1) + be(usage << 3, 1) + be(units.size(), 2) + be(0, 4) + be(segments.size(), 4) + be(0, 4) + units +
           segments;
  }
};

Cdb extended_copy(std::size_t bytes) { return with(cdb({0x83}), 10, static_cast<std::uint32_t>(bytes)); }
CommandResult copy(ScsiRig& rig, const List& list) {
  return rig.give(extended_copy(list.bytes().size()), list.bytes());
}
CommandResult receive(ScsiRig& rig, unsigned action, unsigned id, std::uint32_t length = 1000) {
  return rig.run(with(cdb({0x84, action, id}), 10, length));
}
constexpr unsigned kStatus = 0, kParameters = 3, kDetails = 4;

const Ended kListLength = check(5, 0x1a, 0);

}  // namespace

TEST_CASE("EXTENDED COPY of no list is GOOD, of a list that is cut short an error") {
  ScsiRig rig;
  CHECK(ended(rig.run(extended_copy(0))) == kGood);
  const std::string whole = List{.segments = segment(0, 100, 1)}.bytes();
  for (const std::size_t size : {1u, 15u, 16u, 47u, 75u}) {
    CHECK(ended(rig.give(extended_copy(size), whole.substr(0, size))) == kListLength);
    CHECK(ended(rig.give(extended_copy(whole.size()), whole.substr(0, size))) == kListLength);
  }
  CHECK(rig.device->log.empty());
}

TEST_CASE("EXTENDED COPY refuses other descriptors, other segments, and more than its limits") {
  ScsiRig rig;
  CHECK(ended(copy(rig, {.units = unit_named(kOurNaa, 0xe0), .segments = segment(0, 9, 1)})) == check(5, 0x26, 7));
  std::string stream = segment(0, 9, 1);
  stream[0] = 0x03;
  CHECK(ended(copy(rig, {.segments = stream})) == check(5, 0x26, 9));
  std::string lying = segment(0, 9, 1);
  lying[3] = 0x17;
  CHECK(ended(copy(rig, {.segments = lying})) == check(5, 0x26, 0));
  CHECK(ended(copy(rig, {.segments = segment(0, 9, 1).substr(0, 20)})) == kListLength);
  CHECK(ended(copy(rig, {.units = unit_named(kOurNaa).substr(1)})) == check(5, 0x26, 0));

  std::string units, segments;
  for (unsigned i = 0; i <= kMaxCopyDescriptors; ++i) units += unit_named(kOurNaa);
  CHECK(ended(copy(rig, {.units = units})) == check(5, 0x26, 6));
  for (unsigned i = 0; i <= kMaxCopySegments; ++i) segments += segment(0, 9, 1);
  CHECK(ended(copy(rig, {.segments = segments})) == check(5, 0x26, 8));
  while (segments.size() <= kMaxCopyListBytes) segments += segment(0, 9, 1);
  CHECK(ended(copy(rig, {.segments = segments})) == kListLength);
  CHECK(rig.device->log.empty());
}

TEST_CASE("inline data, reserved list identifiers and a reserved usage are refused") {
  ScsiRig rig;
  std::string list = List{.segments = segment(0, 9, 1)}.bytes();
  list[15] = 1;
  CHECK(ended(rig.give(extended_copy(list.size()), list)) == check(5, 0x26, 0x0b));
  CHECK(ended(copy(rig, {.id = 1, .usage = 3})) == check(5, 0x26, 0));
  CHECK(ended(copy(rig, {.id = 1, .usage = 1})) == check(5, 0x26, 0));
}

TEST_CASE("EXTENDED COPY copies its segments in order") {
  ScsiRig rig;
  rig.device->fill(0, 2, 'a');
  rig.device->fill(2, 1, 'b');
  const List list{.segments = segment(0, 100, 3) + segment(102, 200, 1) + segment(0, 0, 0)};
  const auto result = copy(rig, list);
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == list.bytes().size());
  CHECK(rig.device->text(100, 3) == block_of('a') + block_of('a') + block_of('b'));
  CHECK(rig.device->text(200, 1) == block_of('b'));
}

TEST_CASE("a long copy goes piece by piece, and overlapping ranges as if all had been read first") {
  constexpr unsigned kBlocks = 2 * kCopyPieceBlocks + 3;
  ScsiRig rig(1u << 16);
  for (unsigned i = 0; i < kBlocks; ++i) rig.device->fill(1000 + i, 1, static_cast<char>('a' + i % 26));
  const std::string before = rig.device->text(1000, kBlocks);
  const auto to = GENERATE(1001u, 999u, 1000u + kCopyPieceBlocks, 1000u + kBlocks);
  CHECK(ended(copy(rig, {.segments = segment(1000, to, kBlocks)})) == kGood);
  CHECK((rig.device->text(to, kBlocks) == before));
}

TEST_CASE("another unit, or one that the list does not name, is out of reach") {
  ScsiRig rig;
  const std::string both = unit_named(kOurNaa) + unit_named(kOurNaa + 1);
  CHECK(ended(copy(rig, {.units = both, .segments = segment(0, 9, 1, 0, 1)})) == check(0xa, 0x0d, 2));
  CHECK(ended(copy(rig, {.units = both, .segments = segment(0, 9, 1, 1, 0)})) == check(0xa, 0x0d, 2));
  CHECK(ended(copy(rig, {.segments = segment(0, 9, 1, 0, 1)})) == check(0xa, 0x08, 4));
  CHECK(rig.device->log.empty());
}

TEST_CASE("a segment beyond the unit ends the copy there") {
  ScsiRig rig(1000);
  rig.device->fill(0, 1, 'a');
  const List list{.segments = segment(0, 100, 1) + segment(0, 999, 2) + segment(0, 200, 1)};
  CHECK(ended(copy(rig, list)) == check(0xa, 0, 0));
  CHECK(rig.device->text(100, 1) == block_of('a'));
  CHECK(rig.device->text(200, 1) == block_of('\0'));
  CHECK(ended(copy(rig, {.segments = segment(999, 0, 2)})) == check(0xa, 0, 0));
}

TEST_CASE("a device that fails is the copy's failure, told by COPY STATUS and once by FAILED SEGMENT DETAILS") {
  ScsiRig rig;
  rig.device->fail_at(3, IoStatus::medium_error);
  CHECK(ended(copy(rig, {.id = 7, .segments = segment(0, 100, 4) + segment(0, 200, 4)})) == check(0xa, 0x0d, 1));
  const auto status = bytes(receive(rig, kStatus, 7));
  CHECK(status == std::vector<unsigned>{0, 0, 0, 8, 2, 0, 1, 1, 0, 0, 0, 2});
  const auto details = bytes(receive(rig, kDetails, 7));
  REQUIRE(details.size() == 60 + 18);
  CHECK((details[56] == 2 && details[59] == 18 && (details[62] & 0xf) == 0xa));
  CHECK(ended(receive(rig, kDetails, 7)) == kInvalidField);
}

TEST_CASE("COPY STATUS knows copies that ended, and no others") {
  ScsiRig rig;
  CHECK(ended(receive(rig, kStatus, 7)) == kInvalidField);
  CHECK(ended(copy(rig, {.id = 7, .segments = segment(0, 100, 4)})) == kGood);
  CHECK(bytes(receive(rig, kStatus, 7)) == std::vector<unsigned>{0, 0, 0, 8, 1, 0, 1, 1, 0, 0, 0, 2});
  CHECK(ended(receive(rig, kStatus, 8)) == kInvalidField);
  CHECK(ended(receive(rig, kDetails, 7)) == kInvalidField);
  CHECK(ended(copy(rig, {.id = 0, .usage = 3, .segments = segment(0, 100, 4)})) == kGood);
  CHECK(ended(receive(rig, kStatus, 0)) == kInvalidField);
}

TEST_CASE("a list identifier is taken while its copy is under way, and free when it was aborted") {
  ScsiRig rig;
  rig.device->hold();
  const std::string list = List{.id = 7, .segments = segment(0, 100, 1)}.bytes();
  const CommandId first = rig.start({.cdb = extended_copy(list.size()),
                                     .write = true,
                                     .expected_bytes = static_cast<std::uint32_t>(list.size()),
                                     .data = {Slice::copy_of(list)}});
  CHECK(bytes(receive(rig, kStatus, 7)).at(4) == 0);
  CHECK(ended(rig.give(extended_copy(list.size()), list)) == check(5, 0, 0x16));
  rig.server->abort(first, [] {});
  CHECK(ended(rig.take(first)) == kTaskAborted);
  CHECK(bytes(receive(rig, kStatus, 7)).at(4) == 2);
  rig.device->release();
  CHECK(ended(rig.give(extended_copy(list.size()), list)) == kGood);
}

TEST_CASE("results are kept for a few copies, the oldest is forgotten first") {
  ScsiRig rig;
  for (unsigned id = 0; id <= kMaxCopyResults; ++id) CHECK(ended(copy(rig, {.id = id})) == kGood);
  CHECK(ended(receive(rig, kStatus, 0)) == kInvalidField);
  CHECK(ended(receive(rig, kStatus, 1)) == kGood);
}

TEST_CASE("RECEIVE COPY RESULTS tells the limits, cut where there is no room") {
  ScsiRig rig;
  const auto parameters = bytes(receive(rig, kParameters, 0));
  REQUIRE(parameters.size() == 46);
  CHECK(parameters[3] == 42);
  CHECK(parameters[9] == kMaxCopyDescriptors);
  CHECK(parameters[11] == kMaxCopySegments);
  CHECK((parameters[43] == 2 && parameters[44] == 0x02 && parameters[45] == 0xe4));
  CHECK(bytes(receive(rig, kParameters, 0, 5)).size() == 5);
  CHECK(ended(receive(rig, 1, 0)) == kInvalidField);
}
