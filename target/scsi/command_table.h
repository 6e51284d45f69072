// The commands of a unit, one row each. The same row dispatches a CDB, checks its bits, says what a reservation has to
// allow, and is what REPORT SUPPORTED OPERATION CODES reports.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "target/ports/unit_state.h"
#include "target/scsi/answer.h"
#include "target/scsi/cdb.h"

namespace shoal::scsi {

enum class AttentionRule : std::uint8_t {
  report,  // ends with the unit attention that waits, before anything else
  ignore,  // INQUIRY, REPORT LUNS
  take,    // REQUEST SENSE: its answer
};

struct CommandEntry {
  Opcode opcode = Opcode::test_unit_ready;
  std::optional<std::uint8_t> service_action{};
  std::uint8_t cdb_bytes = 0;
  Cdb usage{};  // as reported: byte 0 is the opcode, the service action is itself, other bits are 1 where they are
                // looked at
  Answer (*run)(CommandContext&) = nullptr;
  std::optional<AccessKind> access{};  // nullopt: allowed whoever holds the unit (SPC-4 5.13, SBC-3 4.17)
  AttentionRule attention = AttentionRule::report;
  bool any_lun = false;    // answered for LUNs without a unit, too
  bool thin_only = false;  // there only where the unit is thin
};

// In the order of opcodes and service actions.
std::span<const CommandEntry> command_table();

// null: the unit has no such command. Without a service action where the command needs one, or with one where it needs
// none: null as well.
const CommandEntry* find_command(Opcode opcode, std::optional<std::uint16_t> service_action, const LogicalUnit& unit);
const CommandEntry* find_command(const Cdb& cdb, const LogicalUnit& unit);
// Whether the unit has commands with that opcode that are told apart by service action.
bool has_service_actions(Opcode opcode, const LogicalUnit& unit);

// The first bit that is set and that nobody looks at.
std::optional<FieldPointer> first_unused_bit(const Cdb& cdb, const CommandEntry& entry);

}  // namespace shoal::scsi
