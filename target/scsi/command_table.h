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

// What a command does to the unit: so much must a persistent reservation allow (SPC-4 tables 65 and 66, SBC-3 table
// 13).
enum class Effect : std::uint8_t {
  none,     // whoever holds the unit
  reads,    // its blocks, or what the tables treat alike
  changes,  // the unit, but no block
  writes,   // blocks: not while they are write protected either
};

struct CommandEntry {
  Opcode opcode = Opcode::test_unit_ready;
  std::optional<std::uint8_t> service_action{};
  std::uint8_t cdb_bytes = 0;
  Cdb usage{};  // as reported: byte 0 is the opcode, the service action is itself, other bits are 1 where they are
                // looked at
  Answer (*run)(CommandContext&) = nullptr;
  Effect effect = Effect::none;
  bool despite_reserve = false;  // goes on while another nexus has the unit by RESERVE (SPC-2 table 9, SBC-2 table 2)
  bool (*undoes)(const Cdb&) = nullptr;  // by its CDB the command only takes back what it might do: then it does
                                         // nothing that a reservation of either kind forbids
  AttentionRule attention = AttentionRule::report;
  bool despite_condition = false;  // answered, or refused by itself, while the unit is not ready (unit_condition.h)
  bool any_lun = false;            // answered for LUNs without a unit, too
  bool thin_only = false;          // there only where the unit is thin
};

bool offered(const CommandEntry& entry, const LogicalUnit& unit);

// In the order of opcodes and service actions.
std::span<const CommandEntry> command_table();

// What the command with that CDB needs of a persistent reservation; nullopt: nothing.
std::optional<AccessKind> needed_access(const CommandEntry& entry, const Cdb& cdb);
bool goes_despite_reserve(const CommandEntry& entry, const Cdb& cdb);

// null: the unit has no such command. Without a service action where the command needs one, or with one where it needs
// none: null as well.
const CommandEntry* find_command(Opcode opcode, std::optional<std::uint16_t> service_action, const LogicalUnit& unit);
const CommandEntry* find_command(const Cdb& cdb, const LogicalUnit& unit);
// Whether the unit has commands with that opcode that are told apart by service action.
bool has_service_actions(Opcode opcode, const LogicalUnit& unit);

// The first bit that is set and that nobody looks at.
std::optional<FieldPointer> first_unused_bit(const Cdb& cdb, const CommandEntry& entry);

}  // namespace shoal::scsi
