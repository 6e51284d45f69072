#include "target/scsi/device_server.h"

#include "target/base/check.h"
#include "target/scsi/answer.h"
#include "target/scsi/command_table.h"
#include "target/scsi/copy_results.h"
#include "target/scsi/limits.h"
#include "target/scsi/lun.h"
#include "target/scsi/plan_runner.h"
#include "target/scsi/unit_attentions.h"
#include "target/scsi/unit_condition.h"
#include "target/unit/access.h"

namespace shoal::scsi {

namespace {

CommandResult unit_attention(const UnitAttention& attention) { return check_condition(sense_of(attention)); }

CommandResult no_such_command(const Cdb& cdb, const LogicalUnit& unit) {
  const bool opcode_is_known = has_service_actions(OpcodeField::get(cdb), unit);
  return check_condition(opcode_is_known ? sense::invalid<ServiceActionField>() : sense::kInvalidOpcode);
}

CommandResult invalid_field(const FieldPointer& field) {
  Sense sense = sense::kInvalidFieldInCdb;
  sense.field = field;
  return check_condition(sense);
}

}  // namespace

struct DeviceServer::Impl {
  Impl(std::shared_ptr<LogicalUnit> its_unit, Nexus its_nexus, std::shared_ptr<ReadBudget> reads)
      : unit(std::move(its_unit)),
        nexus(std::move(its_nexus)),
        runner(std::make_shared<PlanRunner>(unit, nexus, std::move(reads))) {}

  // The checks that are the same for every command, in the order of their precedence (SAM-5 5.3.3).
  Answer answer(CommandRequest& request) {
    const bool lun_exists = is_lun_0(request.lun);
    const CommandEntry* entry = find_command(request.cdb, *unit);
    if (!lun_exists && !(entry && entry->any_lun)) return check_condition(sense::kLunNotSupported);
    if (!entry || entry->attention == AttentionRule::report) {
      if (const auto attention = attentions.take()) return unit_attention(*attention);
    }
    if (!entry) return no_such_command(request.cdb, *unit);
    if (conflicts(*entry, request.cdb)) return reservation_conflict();
    if (!entry->despite_condition) {
      if (const auto not_ready = not_ready_sense(*unit)) return check_condition(*not_ready);
    }
    if (const auto unused = first_unused_bit(request.cdb, *entry)) return invalid_field(*unused);
    if (write_protected(*entry)) return check_condition(sense::kSoftwareWriteProtected);
    return run(*entry, request, lun_exists);
  }

  bool conflicts(const CommandEntry& entry, const Cdb& cdb) const {
    const UnitView& view = unit->state->view();
    if (unit::reserved_for_other(view, nexus.port) && !goes_despite_reserve(entry, cdb)) return true;
    const auto access = needed_access(entry, cdb);
    return access && !unit::allows(view, nexus.port, *access);
  }

  bool write_protected(const CommandEntry& entry) const {
    return entry.effect == Effect::writes && unit->state->view().mode.software_write_protect;
  }

  Answer run(const CommandEntry& entry, CommandRequest& request, bool lun_exists) {
    CommandContext context{request, *unit, unit->device->size_blocks(), lun_exists, &copies};
    if (lun_exists && entry.attention == AttentionRule::take) context.attention = attentions.take();
    return entry.run(context);
  }

  std::shared_ptr<LogicalUnit> unit;
  Nexus nexus;
  UnitAttentions attentions;
  CopyResults copies;
  std::shared_ptr<PlanRunner> runner;
};

DeviceServer::DeviceServer(std::shared_ptr<LogicalUnit> unit, Nexus nexus, std::shared_ptr<ReadBudget> reads)
    : impl_(
          std::make_shared<Impl>(std::move(unit), std::move(nexus),
                                 reads ? std::move(reads) : std::make_shared<ReadBudget>(kMaxHeldReadBytesOfAll, 1))) {
  CHECK(impl_->unit->device->size_blocks() != 0, impl_->unit->image);
}

DeviceServer::~DeviceServer() { impl_->runner->stop(); }

// A completion may destroy the device server, so each call keeps the runner until it returns.

void DeviceServer::execute(CommandRequest request, Completion<CommandResult> done) {
  CHECK(!request.write || total_size(request.data) == request.expected_bytes, request.expected_bytes);
  Answer answer = impl_->answer(request);
  if (auto* result = std::get_if<CommandResult>(&answer)) return done(std::move(*result));
  const auto runner = impl_->runner;
  runner->run(request.id, std::move(answer), std::move(done));
}

void DeviceServer::abort(CommandId id, Completion<> done) {
  const auto runner = impl_->runner;
  runner->abort(id, std::move(done));
}

void DeviceServer::abort_all(Completion<> done) {
  const auto runner = impl_->runner;
  runner->abort_all(std::move(done));
}

void DeviceServer::set_unsent(std::uint64_t bytes) {
  const auto runner = impl_->runner;
  runner->set_unsent(bytes);
}

void DeviceServer::set_heard(Time at) { impl_->runner->set_heard(at); }

void DeviceServer::raise(UnitAttention attention) { impl_->attentions.raise(attention); }
const std::vector<UnitAttention>& DeviceServer::waiting() const { return impl_->attentions.waiting(); }

}  // namespace shoal::scsi
