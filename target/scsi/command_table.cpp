#include "target/scsi/command_table.h"

#include <algorithm>
#include <array>
#include <bit>

#include "target/scsi/atomic_commands.h"
#include "target/scsi/block_cdb.h"
#include "target/scsi/block_commands.h"
#include "target/scsi/control_commands.h"
#include "target/scsi/defect_data.h"
#include "target/scsi/extended_copy.h"
#include "target/scsi/format_unit.h"
#include "target/scsi/inquiry.h"
#include "target/scsi/lba_status.h"
#include "target/scsi/log_sense.h"
#include "target/scsi/mode_select.h"
#include "target/scsi/mode_sense.h"
#include "target/scsi/persistent_reserve_in.h"
#include "target/scsi/persistent_reserve_out.h"
#include "target/scsi/primary_cdb.h"
#include "target/scsi/primary_commands.h"
#include "target/scsi/provisioning_commands.h"
#include "target/scsi/read_capacity.h"
#include "target/scsi/receive_copy_results.h"
#include "target/scsi/sanitize.h"
#include "target/scsi/supported_opcodes.h"
#include "target/scsi/target_port_groups.h"
#include "target/scsi/verify_commands.h"

namespace shoal::scsi {

namespace {

template <class Layout>
constexpr CommandEntry entry(Opcode opcode, Answer (*run)(CommandContext&), Effect effect = Effect::none) {
  CommandEntry entry{
      .opcode = opcode, .cdb_bytes = Layout::kBytes, .usage = Layout::Used::usage(), .run = run, .effect = effect};
  OpcodeField::put(entry.usage, opcode);
  return entry;
}

template <class Layout>
constexpr CommandEntry action(Opcode opcode, std::uint8_t service_action, Answer (*run)(CommandContext&),
                              Effect effect = Effect::none) {
  CommandEntry action = entry<Layout>(opcode, run, effect);
  action.service_action = service_action;
  ServiceActionField::put(action.usage, service_action);
  return action;
}

constexpr CommandEntry despite_reserve(CommandEntry entry) {
  entry.despite_reserve = true;
  return entry;
}

constexpr CommandEntry undone_by(bool (*undoes)(const Cdb&), CommandEntry entry) {
  entry.undoes = undoes;
  return entry;
}

constexpr CommandEntry despite_condition(CommandEntry entry) {
  entry.despite_condition = true;
  return entry;
}

constexpr CommandEntry for_any_lun(CommandEntry entry, AttentionRule attention) {
  entry.any_lun = true;
  entry.despite_condition = true;
  entry.despite_reserve = true;
  entry.attention = attention;
  return entry;
}

constexpr CommandEntry if_thin(CommandEntry entry) {
  entry.thin_only = true;
  return entry;
}

using ReserveAction = PersistentReserveOut::Action;
constexpr CommandEntry reserve_out(ReserveAction service_action) {
  return action<PersistentReserveOutCdb>(Opcode::persistent_reserve_out, static_cast<std::uint8_t>(service_action),
                                         persistent_reserve_out);
}

constexpr auto kRead = Effect::reads;
constexpr auto kChange = Effect::changes;
constexpr auto kWrite = Effect::writes;

constexpr CommandEntry kCommands[] = {
    entry<TestUnitReadyCdb>(Opcode::test_unit_ready, test_unit_ready),
    for_any_lun(entry<RequestSenseCdb>(Opcode::request_sense, request_sense), AttentionRule::take),
    despite_condition(entry<FormatUnitCdb>(Opcode::format_unit, format_unit, kWrite)),
    entry<Transfer6Cdb>(Opcode::read_6, read_6, kRead),
    entry<Transfer6Cdb>(Opcode::write_6, write_6, kWrite),
    for_any_lun(entry<InquiryCdb>(Opcode::inquiry, inquiry), AttentionRule::ignore),
    entry<ModeSelect6Cdb>(Opcode::mode_select_6, mode_select_6, kChange),
    entry<Reserve6Cdb>(Opcode::reserve_6, reserve),
    despite_reserve(entry<Reserve6Cdb>(Opcode::release_6, release)),
    entry<ModeSense6Cdb>(Opcode::mode_sense_6, mode_sense_6, kRead),
    undone_by(starts_unit, entry<StartStopUnitCdb>(Opcode::start_stop_unit, start_stop_unit, kChange)),
    entry<SendDiagnosticCdb>(Opcode::send_diagnostic, send_diagnostic, kChange),
    undone_by(allows_removal, entry<PreventAllowMediumRemovalCdb>(Opcode::prevent_allow_medium_removal,
                                                                  prevent_allow_medium_removal, kChange)),
    despite_reserve(entry<ReadCapacity10Cdb>(Opcode::read_capacity_10, read_capacity_10)),
    entry<Transfer10Cdb>(Opcode::read_10, read_10, kRead),
    entry<Transfer10Cdb>(Opcode::write_10, write_10, kWrite),
    entry<Verify10Cdb>(Opcode::write_and_verify_10, write_and_verify_10, kWrite),
    entry<Verify10Cdb>(Opcode::verify_10, verify_10, kRead),
    entry<Prefetch10Cdb>(Opcode::prefetch_10, prefetch_10, kRead),
    entry<SynchronizeCache10Cdb>(Opcode::synchronize_cache_10, synchronize_cache_10, kChange),
    entry<ReadDefectData10Cdb>(Opcode::read_defect_data_10, read_defect_data_10, kRead),
    entry<WriteSame10Cdb>(Opcode::write_same_10, write_same_10, kWrite),
    if_thin(entry<UnmapCdb>(Opcode::unmap, unmap, kWrite)),
    despite_condition(action<SanitizeCdb>(Opcode::sanitize, kOverwriteAction, sanitize_overwrite, kWrite)),
    despite_condition(if_thin(action<SanitizeCdb>(Opcode::sanitize, kBlockEraseAction, sanitize_block_erase, kWrite))),
    despite_condition(
        action<SanitizeCdb>(Opcode::sanitize, kExitFailureModeAction, sanitize_exit_failure_mode, kWrite)),
    despite_reserve(entry<LogSenseCdb>(Opcode::log_sense, log_sense)),
    entry<ModeSelect10Cdb>(Opcode::mode_select_10, mode_select_10, kChange),
    entry<Reserve10Cdb>(Opcode::reserve_10, reserve),
    despite_reserve(entry<Reserve10Cdb>(Opcode::release_10, release)),
    entry<ModeSense10Cdb>(Opcode::mode_sense_10, mode_sense_10, kRead),
    action<PersistentReserveInCdb>(Opcode::persistent_reserve_in, kReadKeysAction, read_keys),
    action<PersistentReserveInCdb>(Opcode::persistent_reserve_in, kReadReservationAction, read_reservation),
    action<PersistentReserveInCdb>(Opcode::persistent_reserve_in, kReportCapabilitiesAction, report_capabilities),
    action<PersistentReserveInCdb>(Opcode::persistent_reserve_in, kReadFullStatusAction, read_full_status),
    reserve_out(ReserveAction::register_key),
    reserve_out(ReserveAction::reserve),
    reserve_out(ReserveAction::release),
    reserve_out(ReserveAction::clear),
    reserve_out(ReserveAction::preempt),
    reserve_out(ReserveAction::preempt_and_abort),
    reserve_out(ReserveAction::register_and_ignore),
    reserve_out(ReserveAction::register_and_move),
    action<ExtendedCopyCdb>(Opcode::extended_copy, kExtendedCopyLid1Action, extended_copy, kWrite),
    action<ReceiveCopyResultsCdb>(Opcode::receive_copy_results, kCopyStatusAction, copy_status, kChange),
    action<ReceiveCopyResultsCdb>(Opcode::receive_copy_results, kCopyOperatingParametersAction,
                                  copy_operating_parameters, kChange),
    action<ReceiveCopyResultsCdb>(Opcode::receive_copy_results, kFailedSegmentDetailsAction, failed_segment_details,
                                  kChange),
    entry<Transfer16Cdb>(Opcode::read_16, read_16, kRead),
    entry<CompareAndWriteCdb>(Opcode::compare_and_write, compare_and_write, kWrite),
    entry<Transfer16Cdb>(Opcode::write_16, write_16, kWrite),
    entry<Transfer16Cdb>(Opcode::orwrite_16, orwrite_16, kWrite),
    entry<Verify16Cdb>(Opcode::write_and_verify_16, write_and_verify_16, kWrite),
    entry<Verify16Cdb>(Opcode::verify_16, verify_16, kRead),
    entry<Prefetch16Cdb>(Opcode::prefetch_16, prefetch_16, kRead),
    entry<SynchronizeCache16Cdb>(Opcode::synchronize_cache_16, synchronize_cache_16, kChange),
    entry<WriteSame16Cdb>(Opcode::write_same_16, write_same_16, kWrite),
    entry<WriteAtomic16Cdb>(Opcode::write_atomic_16, write_atomic_16, kWrite),
    despite_reserve(action<ReadCapacity16Cdb>(Opcode::service_action_in_16, kReadCapacity16Action, read_capacity_16)),
    action<GetLbaStatusCdb>(Opcode::service_action_in_16, kGetLbaStatusAction, get_lba_status, kRead),
    for_any_lun(entry<ReportLunsCdb>(Opcode::report_luns, report_luns), AttentionRule::ignore),
    action<ReportTargetPortGroupsCdb>(Opcode::maintenance_in, kReportTargetPortGroupsAction, report_target_port_groups),
    despite_condition(action<ReportSupportedOpcodesCdb>(Opcode::maintenance_in, kReportSupportedOpcodesAction,
                                                        report_supported_opcodes, kRead)),
    despite_condition(action<ReportTaskFunctionsCdb>(Opcode::maintenance_in, kReportTaskFunctionsAction,
                                                     report_task_functions, kRead)),
    entry<Transfer12Cdb>(Opcode::read_12, read_12, kRead),
    entry<Transfer12Cdb>(Opcode::write_12, write_12, kWrite),
    entry<Verify12Cdb>(Opcode::write_and_verify_12, write_and_verify_12, kWrite),
    entry<Verify12Cdb>(Opcode::verify_12, verify_12, kRead),
    entry<ReadDefectData12Cdb>(Opcode::read_defect_data_12, read_defect_data_12, kRead),
};

static_assert(std::is_sorted(std::begin(kCommands), std::end(kCommands), [](const auto& a, const auto& b) {
  return a.opcode < b.opcode || (a.opcode == b.opcode && a.service_action < b.service_action);
}));

// Where an opcode's rows begin and end.
struct Rows {
  std::uint8_t begin = 0, end = 0;
};
static_assert(std::size(kCommands) <= 255);

constexpr auto kRowsOfOpcode = [] {
  std::array<Rows, 256> rows{};
  for (std::uint8_t row = 0; row < std::size(kCommands); ++row) {
    Rows& of_opcode = rows[static_cast<std::uint8_t>(kCommands[row].opcode)];
    if (of_opcode.end == 0) of_opcode.begin = row;
    of_opcode.end = static_cast<std::uint8_t>(row + 1);
  }
  return rows;
}();

std::span<const CommandEntry> with_opcode(Opcode opcode) {
  const Rows rows = kRowsOfOpcode[static_cast<std::uint8_t>(opcode)];
  return std::span(kCommands).subspan(rows.begin, std::size_t{rows.end} - rows.begin);
}

}  // namespace

bool offered(const CommandEntry& entry, const LogicalUnit& unit) { return unit.thin || !entry.thin_only; }

std::span<const CommandEntry> command_table() { return kCommands; }

std::optional<AccessKind> needed_access(const CommandEntry& entry, const Cdb& cdb) {
  if (entry.effect == Effect::none || (entry.undoes && entry.undoes(cdb))) return std::nullopt;
  return entry.effect == Effect::reads ? AccessKind::read : AccessKind::write;
}

bool goes_despite_reserve(const CommandEntry& entry, const Cdb& cdb) {
  return entry.despite_reserve || (entry.undoes && entry.undoes(cdb));
}

const CommandEntry* find_command(Opcode opcode, std::optional<std::uint16_t> service_action, const LogicalUnit& unit) {
  for (const CommandEntry& entry : with_opcode(opcode)) {
    if (entry.service_action == service_action && offered(entry, unit)) return &entry;
  }
  return nullptr;
}

const CommandEntry* find_command(const Cdb& cdb, const LogicalUnit& unit) {
  const Opcode opcode = OpcodeField::get(cdb);
  if (has_service_actions(opcode, unit)) return find_command(opcode, ServiceActionField::get(cdb), unit);
  return find_command(opcode, std::nullopt, unit);
}

bool has_service_actions(Opcode opcode, const LogicalUnit& unit) {
  const auto entries = with_opcode(opcode);
  return std::any_of(entries.begin(), entries.end(),
                     [&](const CommandEntry& entry) { return entry.service_action && offered(entry, unit); });
}

std::optional<FieldPointer> first_unused_bit(const Cdb& cdb, const CommandEntry& entry) {
  for (std::uint16_t i = 1; i < entry.cdb_bytes; ++i) {
    const auto unused = std::to_integer<std::uint8_t>(cdb[i] & ~entry.usage[i]);
    if (unused != 0) return FieldPointer{true, i, static_cast<std::uint8_t>(std::bit_width(unused) - 1)};
  }
  return std::nullopt;
}

}  // namespace shoal::scsi
