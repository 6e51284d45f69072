// Commands that take longer than the age at which owners refuse an operation (ghost writes, rule (d)): in a group whose
// disks are slow.
#include <catch2/catch.hpp>

#include "test/sim/group/plain_initiator.h"
#include "test/sim/group/sim_group.h"

namespace shoal::sim {
namespace {

constexpr std::uint32_t kMiB = (1u << 20) / kBlockBytes;  // in blocks
constexpr std::uint32_t kUnitBlocks = 200 * kMiB;

SessionCommand write_same(std::uint64_t lba, std::uint32_t blocks, char letter) {
  return {.cdb = test::cdb_with_lba(0x93, lba, blocks), .data = std::string(kBlockBytes, letter)};
}

// WRITE SAME with UNMAP.
SessionCommand unmap_all() {
  SessionCommand command = write_same(0, kUnitBlocks, 0);
  command.cdb[1] = std::byte{0x08};
  return command;
}

struct SlowGroup {
  SlowGroup() {
    REQUIRE(group.start());
    disk.log_in(SimGroup::portal(0));
    REQUIRE(world.run_until([this] { return disk.state() == PlainInitiator::State::logged_in; }, 5s));
    run({});  // TEST UNIT READY is told of the power on
    // The stores have all the room that they will need: growing by slow disks is another story.
    REQUIRE(run(write_same(0, kUnitBlocks, 'r')).status == 0);
    REQUIRE(run(unmap_all()).status == 0);
  }

  void slow_down(Duration least, Duration most) {
    for (std::size_t i = 0; i < group.members(); ++i) group.member(i).disk().set_latency(least, most);
  }
  bool ends(std::uint64_t id, Duration within) {
    return world.run_until([&] { return disk.ended(id); }, within);
  }
  CommandEnded run(SessionCommand command, Duration within = 120s) {
    const std::uint64_t id = disk.start(std::move(command));
    REQUIRE(ends(id, within));
    return disk.result(id);
  }
  // What the blocks at these places begin with; with disks that are fast again.
  std::string letters(std::initializer_list<std::uint64_t> places) {
    slow_down(20us, 200us);
    std::string found;
    for (const std::uint64_t lba : places) {
      const CommandEnded read = run({.cdb = test::read16(lba, 1), .read_bytes = kBlockBytes});
      REQUIRE(read.status == 0);
      found += read.data[0];
    }
    return found;
  }

  SimGroup group{1, {.initiators = 0, .volume_blocks = kUnitBlocks / 8, .page_blocks = 256}};
  World& world = group.world();
  Host& host = world.add_host("h", {"10.0.1.1"});
  PlainInitiator disk{host, SimGroup::session_name(host, 1), [](const std::string& rule) { FAIL(rule); }};
};

std::string be(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = bytes; i-- > 0;) text += static_cast<char>(value >> 8 * i);
  return text;
}

// SPC-4 7.8.6: the NAA designator of the unit, with its header.
std::string naa_designator(SlowGroup& group) {
  const auto cdb = test::cdb({0x12, 1, 0x83, 0x04, 0x00});
  const std::string page = group.run({.cdb = cdb, .read_bytes = 1024, .may_be_short = true}).data;
  for (std::size_t at = 4; at < page.size(); at += 4 + static_cast<std::uint8_t>(page[at + 3])) {
    if ((page[at + 1] & 0x3f) == 0x03) return page.substr(at, 4 + static_cast<std::uint8_t>(page[at + 3]));
  }
  FAIL("no NAA designator");
  return {};
}

SessionCommand extended_copy(SlowGroup& group, std::uint64_t from, std::uint64_t to, std::uint16_t blocks) {
  std::string unit = be(0xe4, 1) + be(0, 3) + naa_designator(group);
  unit.resize(28, '\0');
  unit += be(kBlockBytes, 4);
  const std::string segment =
      be(0x02, 1) + be(0, 1) + be(0x18, 2) + be(0, 2) + be(0, 2) + be(0, 2) + be(blocks, 2) + be(from, 8) + be(to, 8);
  SessionCommand command{.cdb = test::cdb({0x83})};
  command.data =
      be(7, 1) + be(0, 1) + be(unit.size(), 2) + be(0, 4) + be(segment.size(), 4) + be(0, 4) + unit + segment;
  store_be(MutableByteSpan(command.cdb), 10, static_cast<std::uint32_t>(command.data.size()));
  return command;
}

}  // namespace

TEST_CASE("a WRITE SAME of a pattern may take 20 seconds") {
  SlowGroup group;
  group.slow_down(1200ms, 1300ms);
  const Time begin = group.world.now();
  CHECK(group.run(write_same(0, kUnitBlocks, 'x')).status == 0);
  CHECK(group.world.now() - begin > 20s);
  CHECK(group.letters({0, kUnitBlocks - 1}) == "xx");
}

TEST_CASE("an EXTENDED COPY may take 20 seconds") {
  SlowGroup group;
  REQUIRE(group.run(write_same(0, 1, 'a')).status == 0);
  REQUIRE(group.run(write_same(0xfffe, 1, 'b')).status == 0);
  const SessionCommand copy = extended_copy(group, 0, 64 * kMiB, 0xffff);
  group.slow_down(1300ms, 1400ms);
  const Time begin = group.world.now();
  CHECK(group.run(copy).status == 0);
  CHECK(group.world.now() - begin > 20s);
  CHECK(group.letters({64 * kMiB, 64 * kMiB + 0xfffe}) == "ab");
}

TEST_CASE("a WRITE SAME that is aborted after 10 seconds applies nothing later") {
  SlowGroup group;
  group.slow_down(1200ms, 1300ms);
  const std::uint64_t id = group.disk.start(write_same(0, kUnitBlocks, 'x'));
  group.world.run_for(13s);
  group.disk.abort(id);
  REQUIRE(group.world.run_until([&] { return group.disk.aborted(id); }, 20s));
  REQUIRE(group.run(write_same(0, kUnitBlocks, 'y')).status == 0);
  group.world.run_for(30s);
  CHECK(group.letters({0, 80 * kMiB, 120 * kMiB, kUnitBlocks - 1}) == "yyyy");
}

TEST_CASE("a WRITE SAME whose host has fallen silent ends before its session does") {
  SlowGroup group;
  group.slow_down(1200ms, 1300ms);
  group.disk.start(write_same(0, kUnitBlocks, 'x'));
  group.world.run_for(7s);
  for (std::size_t i = 0; i < group.group.members(); ++i) {
    group.world.network().partition(group.host, group.group.member(i));
  }
  group.world.run_for(90s);
  group.world.network().heal_all();
  group.slow_down(20us, 200us);
  group.disk.log_in(SimGroup::portal(0));
  group.world.run_for(5s);
  group.run({});                                                       // is told of the power on
  const auto found = group.letters({64 * kMiB - 1, kUnitBlocks - 1});  // the last is due after 20 s
  CHECK(found == std::string("x\0", 2));
}

}  // namespace shoal::sim
