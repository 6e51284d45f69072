#include <algorithm>
#include <catch2/catch.hpp>

#include "target/scsi/command_table.h"
#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using namespace shoal::scsi::test;
using Bytes = std::vector<unsigned>;

namespace {

constexpr unsigned kTimeouts = 0x80;

shoal::scsi::Cdb report(unsigned options, unsigned opcode = 0, unsigned service_action = 0) {
  return with(cdb({0xa3, 0x0c, options, opcode, 0, service_action}), 6, std::uint32_t{0xffff});
}

unsigned opcode_of(const CommandEntry& entry) { return static_cast<unsigned>(entry.opcode); }

Bytes usage_of(const CommandEntry& entry) {
  const Bytes all = numbers(entry.usage);
  return {all.begin(), all.begin() + entry.cdb_bytes};
}

}  // namespace

TEST_CASE("the report of all commands has a descriptor of each row, in order") {
  ScsiRig rig;
  const auto all = bytes(rig.run(report(0)));
  REQUIRE(all.size() == 4 + 8 * command_table().size());
  CHECK((all[2] << 8 | all[3]) == all.size() - 4);
  for (std::size_t i = 0; i < command_table().size(); ++i) {
    const CommandEntry& entry = command_table()[i];
    const Bytes descriptor(all.begin() + 4 + 8 * i, all.begin() + 12 + 8 * i);
    CHECK(descriptor == Bytes{opcode_of(entry), 0, 0, entry.service_action.value_or(0), 0,
                              entry.service_action ? 1u : 0u, 0, entry.cdb_bytes});
  }
}

TEST_CASE("a command is found by opcode and service action, and nothing by those that no row has") {
  ScsiRig rig;
  for (unsigned opcode = 0; opcode < 256; ++opcode) {
    for (unsigned action = 0; action <= 32; ++action) {  // 32: none
      const auto service_action = action < 32 ? std::optional(static_cast<std::uint16_t>(action)) : std::nullopt;
      const auto is_it = [&](const CommandEntry& entry) {
        return opcode_of(entry) == opcode && entry.service_action == service_action;
      };
      const auto row = std::ranges::find_if(command_table(), is_it);
      const CommandEntry* const expected = row == command_table().end() ? nullptr : &*row;
      CHECK(find_command(static_cast<Opcode>(opcode), service_action, *rig.unit) == expected);
    }
  }
}

TEST_CASE("with RCTD every descriptor has timeouts") {
  ScsiRig rig;
  const auto all = bytes(rig.run(report(kTimeouts)));
  REQUIRE(all.size() == 4 + 20 * command_table().size());
  for (std::size_t at = 4; at < all.size(); at += 20) {
    CHECK((all[at + 5] & 2) != 0);
    CHECK(Bytes(all.begin() + at + 8, all.begin() + at + 20) == Bytes{0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 30});
  }
}

TEST_CASE("each command is reported alone, with its usage map, by the option that fits it and by option 3") {
  ScsiRig rig;
  for (const CommandEntry& entry : command_table()) {
    const unsigned action = entry.service_action.value_or(0);
    const unsigned fits = entry.service_action ? 2 : 1, other = entry.service_action ? 1 : 2;
    Bytes expected{0, 3, 0, entry.cdb_bytes};
    for (const unsigned byte : usage_of(entry)) expected.push_back(byte);
    CHECK(bytes(rig.run(report(fits, opcode_of(entry), action))) == expected);
    CHECK(bytes(rig.run(report(3, opcode_of(entry), action))) == expected);
    CHECK(ended(rig.run(report(other, opcode_of(entry), action))) == kInvalidField);
    CHECK(bytes(rig.run(report(kTimeouts | fits, opcode_of(entry), action))).size() == expected.size() + 12);
  }
}

TEST_CASE("commands and service actions that are not there are reported as not supported") {
  ScsiRig rig;
  const Bytes kNot{0, 1, 0, 0};
  CHECK(bytes(rig.run(report(1, 0xff))) == kNot);
  CHECK(bytes(rig.run(report(kTimeouts | 3, 0xff))) == kNot);
  CHECK(bytes(rig.run(report(2, 0x9e, 0x13))) == kNot);
  CHECK(bytes(rig.run(report(3, 0x9e, 0x13))) == kNot);
  CHECK(bytes(rig.run(report(3, 0x9e, 0))) == kNot);
  CHECK(bytes(rig.run(report(3, 0x28, 1))) == kNot);
  CHECK(bytes(rig.run(report(1, 0x9b))) == kNot);
}

TEST_CASE("reserved reporting options are refused") {
  ScsiRig rig;
  for (unsigned options = 4; options < 8; ++options) CHECK(ended(rig.run(report(options, 0x28))) == kInvalidField);
}

TEST_CASE("the report is cut at the allocation length") {
  ScsiRig rig;
  const auto result = rig.run(with(report(0), 6, std::uint32_t{6}));
  CHECK(bytes(result).size() == 6);
  CHECK(result.transfer_bytes == 6);
}

TEST_CASE("a unit that is not thin does not report UNMAP") {
  ScsiRig rig;
  rig.unit->thin = false;
  CHECK(bytes(rig.run(report(0))).size() == 4 + 8 * (command_table().size() - 2));
  CHECK(bytes(rig.run(report(1, 0x42))) == Bytes{0, 1, 0, 0});
}

TEST_CASE("the task management functions of iSCSI are reported, in either length") {
  ScsiRig rig;
  const auto report = [&](unsigned flags, std::uint32_t allocation_length) {
    return bytes(rig.run(with(cdb({0xa3, 0x0d, flags}), 6, allocation_length)));
  };
  CHECK(report(0, 255) == Bytes{0xda, 0, 0, 0});
  CHECK(report(0x80, 255) == Bytes{0xda, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(report(0x80, 5).size() == 5);
}

TEST_CASE("usage maps are those of the standards") {
  const auto usage = [](Opcode opcode) {
    return usage_of(*std::ranges::find(command_table(), opcode, &CommandEntry::opcode));
  };
  CHECK(usage(Opcode::write_10) == Bytes{0x2a, 0x1a, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0});
  CHECK(usage(Opcode::read_6) == Bytes{0x08, 0x1f, 0xff, 0xff, 0xff, 0});
  CHECK(usage(Opcode::inquiry) == Bytes{0x12, 0x01, 0xff, 0xff, 0xff, 0});
  CHECK(usage(Opcode::service_action_in_16) == Bytes{0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0});
}

TEST_CASE("every bit outside of a command's usage map is refused, pointing at it") {
  ScsiRig rig;
  for (const CommandEntry& entry : command_table()) {
    for (unsigned bit = 8; bit < 8u * entry.cdb_bytes; ++bit) {
      const std::byte mask{static_cast<std::uint8_t>(1u << bit % 8)};
      const bool part_of_the_action = entry.service_action && bit / 8 == 1 && bit % 8 < 5;
      if ((entry.usage[bit / 8] & mask) != std::byte{0} || part_of_the_action) continue;
      shoal::scsi::Cdb wrong{};
      wrong[0] = entry.usage[0];
      if (entry.service_action) wrong[1] = std::byte{*entry.service_action};
      wrong[bit / 8] |= mask;
      const auto result = rig.run(wrong);
      CHECK(ended(result) == kInvalidField);
      CHECK(field_pointer(result) == std::pair(0xc8u | bit % 8, bit / 8));
    }
  }
  CHECK(rig.device->log.empty());
}
