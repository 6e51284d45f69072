#include "target/scsi/control_commands.h"

#include "target/scsi/block_cdb.h"
#include "target/scsi/primary_cdb.h"

namespace shoal::scsi {

namespace {
Answer ask(UnitChange change) {
  return Ask{std::move(change), [](UnitAnswer answer) { return result_of_change(answer); }};
}

CommandResult done() { return {.status = status::kGood}; }
}  // namespace

Answer reserve(CommandContext&) { return ask(ReserveUnit{}); }
Answer release(CommandContext&) { return ask(ReleaseUnit{}); }

bool starts_unit(const Cdb& cdb) { return StartStopUnitCdb::Start::get(cdb); }

Answer start_stop_unit(CommandContext& command) {
  const Cdb& cdb = command.request.cdb;
  if (starts_unit(cdb) || StartStopUnitCdb::NoFlush::get(cdb)) return done();
  Plan plan;
  plan.operations.push_back({.kind = OperationKind::flush});
  return plan;
}

bool allows_removal(const Cdb& cdb) { return !PreventAllowMediumRemovalCdb::Prevent::get(cdb); }

Answer prevent_allow_medium_removal(CommandContext&) { return done(); }

Answer send_diagnostic(CommandContext& command) {
  if (!SendDiagnosticCdb::SelfTest::get(command.request.cdb)) return done();
  Plan plan;
  plan.operations.push_back({.kind = OperationKind::read, .range = {Lba{0}, 1}});
  plan.then = [](IoResult) { return done(); };
  return plan;
}

}  // namespace shoal::scsi
