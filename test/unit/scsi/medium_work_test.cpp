// FORMAT UNIT and SANITIZE: their lists, what they do with the blocks, and what the unit answers meanwhile.
#include <catch2/catch.hpp>

#include "target/scsi/limits.h"
#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using namespace shoal::scsi::test;

namespace {

constexpr unsigned kOverwrite = 1, kBlockErase = 2, kExitFailureMode = 0x1f, kImmediate = 0x80, kAllowExit = 0x20;
constexpr unsigned kFormatData = 0x10, kLongList = 0x20;

Cdb sanitize(unsigned action, std::size_t list_bytes = 0) {
  return with(cdb({0x48, action}), 7, static_cast<std::uint16_t>(list_bytes));
}
CommandResult overwrite(ScsiRig& rig, const std::string& list, unsigned flags = 0) {
  return rig.give(sanitize(kOverwrite | flags, list.size()), list);
}
std::string overwrite_list(unsigned first_byte, const std::string& pattern) {
  std::string list{static_cast<char>(first_byte), 0, static_cast<char>(pattern.size() >> 8),
                   static_cast<char>(pattern.size() & 0xff)};
  return list + pattern;
}
std::string text_of(std::initializer_list<unsigned> bytes) {
  std::string text;
  for (const unsigned byte : bytes) text += static_cast<char>(byte);
  return text;
}

const Ended kInvalidList = check(5, 0x26, 0), kListLength = check(5, 0x1a, 0);
const Ended kSanitizing = check(2, 0x04, 0x1b), kFormatting = check(2, 0x04, 0x04);
const Ended kSanitizeFailed = check(3, 0x31, 0x03), kFormatFailed = check(3, 0x31, 0x01);

UnitCondition condition(const ScsiRig& rig) { return rig.state->painted.condition; }

}  // namespace

// ---- FORMAT UNIT

TEST_CASE("FORMAT UNIT refuses protection, defects, patterns, and headers that are cut short") {
  ScsiRig rig;
  CHECK(ended(rig.run(cdb({0x04, 0x80}))) == kInvalidField);
  CHECK(ended(rig.give(cdb({0x04, kFormatData}), text_of({0, 0, 0}))) == kListLength);
  CHECK(ended(rig.give(cdb({0x04, kFormatData | kLongList}), text_of({0, 0, 0, 0}))) == kListLength);
  for (const auto& list : {text_of({1, 0, 0, 0}), text_of({0, 0x88, 0, 0}), text_of({0, 0x40, 0, 0}),
                           text_of({0, 0, 0, 1}), text_of({0, 0, 1, 0})}) {
    CHECK(ended(rig.give(cdb({0x04, kFormatData}), list)) == kInvalidList);
  }
  CHECK(ended(rig.give(cdb({0x04, kFormatData | kLongList}), text_of({0, 0, 0, 1, 0, 0, 0, 0}))) == kInvalidList);
  CHECK(ended(rig.give(cdb({0x04, kFormatData | kLongList}), text_of({0, 0, 0, 0, 0, 0, 0, 8}))) == kInvalidList);
  CHECK(rig.device->log.empty());
  CHECK(condition(rig) == UnitCondition::ready);
}

TEST_CASE("FORMAT UNIT gives all blocks back, lastingly") {
  ScsiRig rig(1000);
  rig.device->fill(0, 1000, 'a');
  CHECK(ended(rig.run(cdb({0x04}))) == kGood);
  CHECK((rig.device->text(0, 1000) == std::string(1000 * kBlockBytes, char{0})));
  CHECK(rig.device->log.front().kind == OperationKind::unmap);
  CHECK(rig.device->log.back().kind == OperationKind::flush);
  CHECK(condition(rig) == UnitCondition::ready);
}

TEST_CASE("FORMAT UNIT zeroes a unit that is not thin") {
  ScsiRig rig;
  rig.unit->thin = false;
  CHECK(ended(rig.give(cdb({0x04, kFormatData}), text_of({0, 0x80, 0, 0}))) == kGood);
  CHECK(rig.device->log.front().kind == OperationKind::zero);
}

TEST_CASE("while it is formatted a unit answers nothing but what it is") {
  ScsiRig rig;
  rig.device->hold();
  const CommandId format = rig.start({.cdb = cdb({0x04})});
  CHECK_FALSE(rig.ended(format));
  CHECK(ended(rig.run(test_unit_ready())) == kFormatting);
  CHECK(ended(rig.run(read_10(0, 1))) == kFormatting);
  CHECK(ended(rig.run(cdb({0x1b, 1, 0, 0, 3}))) == kFormatting);  // LOEJ, which the unit does not have
  CHECK(ended(rig.run(cdb({0x04}))) == kFormatting);
  CHECK(ended(rig.run(sanitize(kBlockErase))) == kFormatting);
  CHECK(ended(rig.run(vital_product_data(0x80))) == kGood);
  CHECK(ended(rig.run(with(cdb({0xa0}), 6, 16u))) == kGood);
  const auto sense = bytes(rig.run(cdb({0x03, 0, 0, 0, 18})));
  CHECK((sense[2] == 2 && sense[12] == 0x04 && sense[13] == 0x04));
  rig.device->release();
  CHECK(ended(rig.take(format)) == kGood);
  CHECK(ended(rig.run(test_unit_ready())) == kGood);
}

TEST_CASE("a unit whose formatting member is gone says that its format is corrupted, until it is done again") {
  ScsiRig rig;
  rig.state->painted.condition = UnitCondition::format_corrupted;
  CHECK(ended(rig.run(test_unit_ready())) == check(3, 0x31, 0x00));
  CHECK(ended(rig.run(sanitize(kBlockErase))) == check(3, 0x31, 0x00));
  CHECK(ended(rig.run(cdb({0x04}))) == kGood);
  CHECK(std::get<ChangeCondition>(rig.state->changes.front()) ==
        ChangeCondition{UnitCondition::format_corrupted, UnitCondition::formatting, UnitCondition::format_corrupted});
  CHECK(ended(rig.run(test_unit_ready())) == kGood);
}

TEST_CASE("a sanitize tells with its beginning what the unit is where it is abandoned") {
  for (const auto& [first_byte, abandoned] :
       {std::pair(0u, UnitCondition::sanitize_failed), std::pair(0x20u, UnitCondition::sanitize_failed_exit_allowed)}) {
    ScsiRig rig;
    CHECK(ended(rig.run(sanitize(kBlockErase | first_byte))) == kGood);
    CHECK(std::get<ChangeCondition>(rig.state->changes.front()).abandoned == abandoned);
  }
}

TEST_CASE("a format that fails is known until it is done again") {
  ScsiRig rig;
  rig.device->fail_at(0, IoStatus::medium_error);
  CHECK(ended(rig.run(cdb({0x04}))) == check(3, 0x11, 0));
  CHECK(ended(rig.run(test_unit_ready())) == kFormatFailed);
  CHECK(ended(rig.run(sanitize(kBlockErase))) == kFormatFailed);
  CHECK(ended(rig.run(cdb({0x04}))) == kGood);
  CHECK(ended(rig.run(test_unit_ready())) == kGood);
}

TEST_CASE("FORMAT UNIT with IMMED is GOOD as soon as it has begun") {
  ScsiRig rig;
  rig.device->hold();
  CHECK(ended(rig.give(cdb({0x04, kFormatData}), text_of({0, 0x02, 0, 0}))) == kGood);
  CHECK(condition(rig) == UnitCondition::formatting);
  rig.device->release();
  CHECK(condition(rig) == UnitCondition::ready);
}

TEST_CASE("a format ends where the unit's keeper is another, and what hosts write then stays") {
  ScsiRig rig(3 * kMediumStepBlocks);
  rig.device->hold();
  const CommandId format = rig.start({.cdb = cdb({0x04})});
  rig.state->painted = {.generation = std::uint64_t{2} << 32};  // the next keeper's first view
  const std::size_t before = rig.device->log.size();
  rig.device->release();
  CHECK(rig.device->log.size() == before);
  CHECK(ended(rig.take(format)) == check(4, 0x44, 0));
  CHECK(condition(rig) == UnitCondition::ready);
}

TEST_CASE("the end of a format is told again where no keeper has heard it") {
  ScsiRig rig;
  rig.device->hold();
  const CommandId format = rig.start({.cdb = cdb({0x04})});
  rig.state->unavailable = 3;
  rig.device->release();
  CHECK(condition(rig) == UnitCondition::ready);
  CHECK(ended(rig.take(format)) == kGood);
}

TEST_CASE("a format that nobody hears the end of ends all the same") {
  ScsiRig rig;
  rig.device->hold();
  const CommandId format = rig.start({.cdb = cdb({0x04})});
  rig.state->unavailable = 2 * kMaxMediumTries;
  rig.device->release();
  CHECK(rig.ended(format));
}

// ---- SANITIZE

TEST_CASE("SANITIZE refuses reserved bits and service actions that are not there") {
  ScsiRig rig;
  CHECK(ended(rig.run(sanitize(kBlockErase | 0x40))) == kInvalidField);
  for (unsigned byte = 2; byte < 7; ++byte) {
    Cdb reserved = sanitize(kBlockErase);
    reserved[byte] = std::byte{1};
    CHECK(ended(rig.run(reserved)) == kInvalidField);
  }
  for (const unsigned action : {0u, 3u, 4u, 0x1eu}) CHECK(ended(rig.run(sanitize(action))) == kInvalidField);
  CHECK(rig.device->log.empty());
}

TEST_CASE("BLOCK ERASE and EXIT FAILURE MODE have no list") {
  ScsiRig rig;
  CHECK(ended(rig.give(sanitize(kBlockErase, 8), "12345678")) == kInvalidField);
  CHECK(ended(rig.give(sanitize(kExitFailureMode, 8), "12345678")) == kInvalidField);
  CHECK(rig.device->log.empty());
}

TEST_CASE("a unit that is not thin has no BLOCK ERASE") {
  ScsiRig rig;
  rig.unit->thin = false;
  CHECK(ended(rig.run(sanitize(kBlockErase))) == kInvalidField);
  CHECK(bytes(rig.run(vital_product_data(0xb1)))[7] == 0);
}

TEST_CASE("OVERWRITE refuses lists that are too short, too long, or lie about their pattern") {
  ScsiRig rig;
  for (const std::size_t size : {0, 1, 4, 517}) CHECK(ended(overwrite(rig, std::string(size, 1))) == kInvalidField);
  CHECK(ended(overwrite(rig, overwrite_list(0, "a"))) == kInvalidList);                   // no pass
  CHECK(ended(overwrite(rig, overwrite_list(0x21, "a"))) == kInvalidList);                // TEST
  CHECK(ended(overwrite(rig, text_of({1, 0, 0, 0, 'a'}))) == kInvalidList);               // no pattern
  CHECK(ended(overwrite(rig, text_of({1, 0, 0, 2, 'a'}))) == kInvalidList);               // beyond the list
  CHECK(ended(overwrite(rig, text_of({1, 0, 2, 1}) + block_of('a'))) == kInvalidList);    // beyond a block
  CHECK(ended(rig.give(sanitize(kOverwrite, 8), text_of({1, 0, 0, 4}))) == kListLength);  // given: less than announced
  CHECK(rig.device->log.empty());
  CHECK(condition(rig) == UnitCondition::ready);
}

TEST_CASE("OVERWRITE fills every block from its beginning with the pattern") {
  ScsiRig rig(10);
  const auto result = overwrite(rig, overwrite_list(1, "abc"));
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 7);
  std::string block;
  for (std::size_t i = 0; i < kBlockBytes; ++i) block += "abc"[i % 3];
  CHECK(rig.device->text(0, 1) == block);
  CHECK(rig.device->text(9, 1) == block);
}

TEST_CASE("OVERWRITE passes as often as it is told, and inverts every second time") {
  ScsiRig rig(3 * kPatternWriteBlocks + 1);
  CHECK(ended(overwrite(rig, overwrite_list(0x80 | 2, std::string(1, '\x0f')))) == kGood);
  CHECK(rig.device->log.size() == 2 * 4 + 1);
  CHECK(rig.device->text(3 * kPatternWriteBlocks, 1) == block_of('\xf0'));
  CHECK(ended(overwrite(rig, overwrite_list(0x80 | 3, std::string(1, '\x0f')))) == kGood);
  CHECK(rig.device->text(0, 1) == block_of('\x0f'));
}

TEST_CASE("while it is sanitized a unit tells how far it is") {
  ScsiRig rig(2 * kPatternWriteBlocks);
  rig.device->hold();
  CHECK(ended(overwrite(rig, overwrite_list(1, "a"), kImmediate)) == kGood);
  rig.device->release_one();
  const auto busy = rig.run(test_unit_ready());
  CHECK(ended(busy) == kSanitizing);
  CHECK(busy.sense->progress == 0x10000 / 4);  // half of the first of two passes; the second is a flush
  CHECK(ended(rig.run(sanitize(kExitFailureMode))) == kSanitizing);
  rig.device->release();
  CHECK(ended(rig.run(test_unit_ready())) == kGood);
}

TEST_CASE("a SANITIZE whose command is aborted goes on") {
  ScsiRig rig(2 * kPatternWriteBlocks);
  rig.device->hold();
  const std::string list = overwrite_list(1, "a");
  const CommandId id = rig.start({.cdb = sanitize(kOverwrite, list.size()),
                                  .write = true,
                                  .expected_bytes = static_cast<std::uint32_t>(list.size()),
                                  .data = {Slice::copy_of(list)}});
  bool done = false;
  SECTION("alone") {
    rig.server->abort(id, [&] { done = true; });
  }
  SECTION("with all of its nexus") {
    rig.server->abort_all([&] { done = true; });
  }
  CHECK(done);
  CHECK(ended(rig.take(id)) == kTaskAborted);
  CHECK(ended(rig.run(test_unit_ready())) == kSanitizing);
  rig.device->release();
  CHECK(ended(rig.run(test_unit_ready())) == kGood);
  CHECK(rig.device->text(0, 1) == block_of('a'));
}

TEST_CASE("what a reset of the unit aborts of a SANITIZE is done again") {
  ScsiRig rig;
  rig.device->fill(0, 1, 'a');
  rig.device->hold();
  CHECK(ended(rig.run(sanitize(kBlockErase | kImmediate))) == kGood);
  rig.device->abort({}, [] {});
  CHECK(condition(rig) == UnitCondition::sanitizing);
  CHECK(rig.device->held() == 1);
  rig.device->release();
  CHECK(condition(rig) == UnitCondition::ready);
  CHECK(rig.device->text(0, 1) == block_of('\0'));
}

TEST_CASE("a SANITIZE that is aborted again and again fails in the end") {
  ScsiRig rig;
  rig.device->hold();
  CHECK(ended(rig.run(sanitize(kBlockErase | kImmediate))) == kGood);
  for (unsigned i = 0; i < kMaxMediumTries; ++i) rig.device->abort({}, [] {});
  CHECK(ended(rig.run(test_unit_ready())) == kSanitizeFailed);
}

TEST_CASE("a SANITIZE goes on when its session has gone") {
  ScsiRig rig;
  rig.device->hold();
  CHECK(ended(rig.run(sanitize(kBlockErase | kImmediate))) == kGood);
  rig.server.reset();
  CHECK(condition(rig) == UnitCondition::sanitizing);
  rig.device->release();
  CHECK(condition(rig) == UnitCondition::ready);
}

TEST_CASE("a SANITIZE that fails leads out only by another, unless AUSE allowed an exit") {
  ScsiRig rig;
  rig.device->fill(0, 1, 'a');
  rig.device->fail_at(0, IoStatus::owner_silent);
  CHECK(ended(rig.run(sanitize(kBlockErase))) == check(2, 4, 1));
  CHECK(ended(rig.run(test_unit_ready())) == kSanitizeFailed);
  CHECK(ended(rig.run(cdb({0x04}))) == kSanitizeFailed);
  CHECK(ended(rig.run(sanitize(kExitFailureMode))) == kInvalidField);
  rig.device->fail_at(0, IoStatus::owner_silent);
  CHECK(ended(rig.run(sanitize(kBlockErase | kAllowExit))) == check(2, 4, 1));
  CHECK(ended(rig.run(read_10(0, 1))) == kSanitizeFailed);
  CHECK(ended(rig.run(sanitize(kExitFailureMode))) == kGood);
  CHECK(ended(rig.run(test_unit_ready())) == kGood);
  CHECK(ended(rig.run(sanitize(kExitFailureMode))) == kGood);
}

TEST_CASE("operations of a SANITIZE are of no nexus, and as new as they are") {
  ScsiRig rig;
  CHECK(ended(rig.run(sanitize(kBlockErase))) == kGood);
  for (const Operation& operation : rig.device->log) {
    CHECK(operation.origin.nexus.is_zero());
    CHECK(operation.origin.issued_at == Time{});
    CHECK(operation.origin.reservation_generation == rig.state->painted.generation - 1);
  }
}

TEST_CASE("a SANITIZE that an owner refuses goes on by what the keeper says of the unit") {
  ScsiRig rig;
  rig.device->hold();
  const CommandId id = rig.start({.cdb = sanitize(kBlockErase)});
  rig.device->newest_reservations = rig.state->painted.generation + 1;
  SECTION("it is still being sanitized") {
    rig.device->release();
    CHECK(ended(rig.take(id)) == kGood);
    CHECK(rig.device->log[1].origin.reservation_generation == rig.device->log[0].origin.reservation_generation + 1);
  }
  SECTION("it is ready, as a keeper without memory says") {
    rig.state->successor.emplace(UnitView{.generation = rig.device->newest_reservations});
    rig.device->release();
    CHECK(ended(rig.take(id)) == check(4, 0x44, 0));
    CHECK(rig.device->log.size() == 1);
  }
  SECTION("there is no keeper") {
    rig.state->unavailable = 1;
    rig.device->release();
    CHECK(ended(rig.take(id)) == check(4, 0x44, 0));
    CHECK(rig.device->log.size() == 1);
  }
}

TEST_CASE("who may not write may neither format nor sanitize") {
  ScsiRig rig;
  rig.state->reserve(ReservationType::write_exclusive, ScsiRig::other_port());
  for (const Cdb& command : {cdb({0x04}), sanitize(kBlockErase), sanitize(kOverwrite), sanitize(kExitFailureMode)}) {
    CHECK(ended(rig.run(command)) == Ended{0x18});
  }
  CHECK(rig.device->log.empty());
}
