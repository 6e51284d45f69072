#include "target/scsi/supported_opcodes.h"

#include "target/scsi/command_table.h"
#include "target/scsi/primary_cdb.h"
#include "target/scsi/report_bytes.h"

namespace shoal::scsi {

namespace {

enum class ReportingOptions : std::uint8_t {
  all = 0,
  opcode = 1,                      // of a command without service actions
  opcode_with_service_action = 2,  // of a command that has them
  either = 3,
};

namespace timeouts_layout {  // SPC-4 table 264
constexpr std::size_t kBytes = 12;
using DescriptorLength = Field<std::uint16_t, 0>;
using RecommendedSeconds = Field<std::uint32_t, 8>;
}  // namespace timeouts_layout

namespace command_descriptor_layout {  // SPC-4 table 261
constexpr std::size_t kBytes = 8;
using OpcodeByte = Field<Opcode, 0>;
using ServiceAction = Field<std::uint16_t, 2>;
using TimeoutsPresent = Bits<bool, 5, 1>;
using ServiceActionValid = Bits<bool, 5, 0>;
using CdbLength = Field<std::uint16_t, 6>;
}  // namespace command_descriptor_layout

namespace one_command_layout {  // SPC-4 table 262
constexpr std::size_t kHeaderBytes = 4;
using TimeoutsPresent = Bits<bool, 1, 7>;
using Support = Bits<std::uint8_t, 1, 0, 3>;
using CdbSize = Field<std::uint16_t, 2>;
constexpr std::uint8_t kNotSupported = 1;
constexpr std::uint8_t kSupported = 3;  // as the standard says
}  // namespace one_command_layout

namespace task_functions_layout {  // SPC-4 tables 267, 268. No timeouts are recommended
constexpr std::size_t kBytes = 4, kExtendedBytes = 16;
using AbortTask = Bits<bool, 0, 7>;
using AbortTaskSet = Bits<bool, 0, 6>;
using ClearTaskSet = Bits<bool, 0, 4>;
using LogicalUnitReset = Bits<bool, 0, 3>;
using TargetReset = Bits<bool, 0, 1>;
using AdditionalLength = Field<std::uint8_t, 3>;
}  // namespace task_functions_layout

// Longer than a member that is silent makes a command wait.
void append_timeouts(ReportBytes& to) {
  using namespace timeouts_layout;
  constexpr std::uint32_t kSeconds = 30;
  std::array<std::byte, kBytes> timeouts{};
  DescriptorLength::put(timeouts, kBytes - 2);
  RecommendedSeconds::put(timeouts, kSeconds);
  append(to, timeouts);
}

void append_descriptor(ReportBytes& to, const CommandEntry& entry, bool timeouts) {
  using namespace command_descriptor_layout;
  std::array<std::byte, kBytes> descriptor{};
  OpcodeByte::put(descriptor, entry.opcode);
  ServiceAction::put(descriptor, entry.service_action.value_or(0));
  TimeoutsPresent::put(descriptor, timeouts);
  ServiceActionValid::put(descriptor, entry.service_action.has_value());
  CdbLength::put(descriptor, entry.cdb_bytes);
  append(to, descriptor);
  if (timeouts) append_timeouts(to);
}

ReportBytes all_commands(const LogicalUnit& unit, bool timeouts) {
  ReportBytes report(sizeof(std::uint32_t));
  for (const CommandEntry& entry : command_table()) {
    if (offered(entry, unit)) append_descriptor(report, entry, timeouts);
  }
  store_be(MutableByteSpan(report), 0, static_cast<std::uint32_t>(report.size() - sizeof(std::uint32_t)));
  return report;
}

ReportBytes one_command(const CommandEntry* entry, bool timeouts) {
  using namespace one_command_layout;
  std::array<std::byte, kHeaderBytes> header{};
  Support::put(header, entry ? kSupported : kNotSupported);
  TimeoutsPresent::put(header, entry && timeouts);
  CdbSize::put(header, entry ? entry->cdb_bytes : 0);
  ReportBytes report(header.begin(), header.end());
  if (!entry) return report;
  append(report, ByteSpan(entry->usage).first(entry->cdb_bytes));
  if (timeouts) append_timeouts(report);
  return report;
}

struct Question {
  Opcode opcode;
  std::uint16_t service_action;
  bool timeouts;
};

std::variant<ReportBytes, Sense> answer(ReportingOptions options, const Question& question, const LogicalUnit& unit) {
  using Layout = ReportSupportedOpcodesCdb;
  const bool actions = has_service_actions(question.opcode, unit);
  const auto* plain = find_command(question.opcode, std::nullopt, unit);
  const auto* with_action = find_command(question.opcode, question.service_action, unit);
  switch (options) {
    case ReportingOptions::all: return all_commands(unit, question.timeouts);
    case ReportingOptions::opcode:
      if (actions) return sense::invalid<Layout::RequestedOpcode>();
      return one_command(plain, question.timeouts);
    case ReportingOptions::opcode_with_service_action:
      if (plain) return sense::invalid<Layout::RequestedOpcode>();
      return one_command(with_action, question.timeouts);
    case ReportingOptions::either:
      return one_command(actions || question.service_action != 0 ? with_action : plain, question.timeouts);
  }
  return sense::invalid<Layout::ReportingOptions>();
}

}  // namespace

Answer report_task_functions(CommandContext& command) {
  using namespace task_functions_layout;
  const Cdb& cdb = command.request.cdb;
  const bool extended = ReportTaskFunctionsCdb::ReturnExtended::get(cdb);
  std::array<std::byte, kExtendedBytes> report{};
  AbortTask::put(report, true);
  AbortTaskSet::put(report, true);
  ClearTaskSet::put(report, true);
  LogicalUnitReset::put(report, true);
  TargetReset::put(report, true);
  AdditionalLength::put(report, extended ? kExtendedBytes - kBytes : 0);
  return good(ByteSpan(report).first(extended ? kExtendedBytes : kBytes),
              ReportTaskFunctionsCdb::AllocationLength::get(cdb));
}

Answer report_supported_opcodes(CommandContext& command) {
  using Layout = ReportSupportedOpcodesCdb;
  const Cdb& cdb = command.request.cdb;
  const Question question{Layout::RequestedOpcode::get(cdb), Layout::RequestedServiceAction::get(cdb),
                          Layout::ReturnTimeouts::get(cdb)};
  const auto answered = answer(ReportingOptions{Layout::ReportingOptions::get(cdb)}, question, command.unit);
  if (const Sense* wrong = std::get_if<Sense>(&answered)) return check_condition(*wrong);
  return good(ByteSpan(std::get<ReportBytes>(answered)), Layout::AllocationLength::get(cdb));
}

}  // namespace shoal::scsi
