#include "target/scsi/medium_worker.h"

#include <algorithm>

#include "target/scsi/limits.h"
#include "target/scsi/transfer.h"
#include "target/scsi/unit_condition.h"

namespace shoal::scsi {

namespace {

// Somebody else's work has begun meanwhile, or the keeper of the unit's state is out of reach.
CommandResult not_begun(UnitAnswer answer, const LogicalUnit& unit) {
  const auto not_ready = not_ready_sense(unit);
  return answer == UnitAnswer::conflict && not_ready ? check_condition(*not_ready) : result_of_change(answer);
}

}  // namespace

MediumWorker::MediumWorker(std::shared_ptr<LogicalUnit> unit, InitiatorPort port, MediumWork work,
                           Completion<CommandResult> answered)
    : unit_(std::move(unit)), port_(std::move(port)), work_(std::move(work)), answered_(std::move(answered)) {
  work_.passes.push_back({.kind = OperationKind::flush});
}

void MediumWorker::start(std::shared_ptr<LogicalUnit> unit, InitiatorPort port, MediumWork work,
                         Completion<CommandResult> answered) {
  const std::shared_ptr<MediumWorker> self(
      new MediumWorker(std::move(unit), std::move(port), std::move(work), std::move(answered)));
  self->unit_->state->change(self->port_, ChangeCondition{self->work_.from, self->work_.working, self->work_.abandoned},
                             [self](UnitAnswer answer) { self->on_condition_changed(answer); });
}

void MediumWorker::on_condition_changed(UnitAnswer answer) {
  if (answer != UnitAnswer::good) return answered_(not_begun(answer, *unit_));
  if (work_.immediate) answered_({.status = status::kGood, .transfer_bytes = work_.transfer_bytes});
  advance();
}

// A keeper that took over knows nothing of this work, and hosts write again.
bool MediumWorker::is_current() const { return unit_->state->view().condition == work_.working; }

void MediumWorker::advance() {
  if (std::exchange(advancing_, true)) return;
  while (!in_flight_ && !at_end()) {
    if (is_current()) {
      submit(next_operation());
    } else {
      failed_.status = IoStatus::failed;
    }
  }
  advancing_ = false;
  if (!in_flight_) end();
}

bool MediumWorker::at_end() const { return failed_.status != IoStatus::ok || pass_ == work_.passes.size(); }

Operation MediumWorker::next_operation() const {
  const MediumPass& pass = work_.passes[pass_];
  Operation operation{.kind = pass.kind};
  operation.origin.reservation_generation = unit_->state->view().generation;
  if (pass.kind == OperationKind::flush) return operation;
  const bool writes = pass.kind == OperationKind::write;
  const std::uint64_t step = writes ? std::uint64_t{kPatternWriteBlocks} : kMediumStepBlocks;
  operation.range = {Lba{next_block_}, std::min(step, unit_->device->size_blocks() - next_block_)};
  if (writes) operation.data = repeated(pass.pattern, operation.range.count * kBlockBytes);
  return operation;
}

void MediumWorker::submit(Operation operation) {
  in_flight_ = true;
  const std::uint64_t all = unit_->device->size_blocks();
  unit_->progress =
      static_cast<std::uint16_t>(((pass_ + static_cast<double>(next_block_) / all) * 0x10000) / work_.passes.size());
  const std::uint64_t blocks = operation.kind == OperationKind::flush ? all : operation.range.count;
  unit_->device->submit(std::move(operation),
                        [self = shared_from_this(), blocks](IoResult result) { self->on_completed(blocks, result); });
}

// A reset of the unit is none of its business.
void MediumWorker::on_completed(std::uint64_t blocks, const IoResult& result) {
  if (result.status == IoStatus::stale_reservation) return confirm();
  in_flight_ = false;
  if (result.status == IoStatus::ok) {
    tries_ = 0;
    next_block_ += blocks;
    if (next_block_ == unit_->device->size_blocks()) {
      ++pass_;
      next_block_ = 0;
    }
  } else if (result.status != IoStatus::aborted || ++tries_ == kMaxMediumTries) {
    failed_.status = result.status;
  }
  advance();
}

// Asked for what the unit already is, the keeper answers when every member in reach knows it.
void MediumWorker::confirm() {
  const ChangeCondition unchanged{work_.working, work_.working};
  unit_->state->change(port_, unchanged, [self = shared_from_this()](UnitAnswer answer) {
    self->in_flight_ = false;
    const bool again = answer == UnitAnswer::good && ++self->tries_ < kMaxMediumTries;
    if (!again) self->failed_.status = IoStatus::failed;
    self->advance();
  });
}

// What is over is told until somebody has heard it: a unit that nobody works on must not stay so.
void MediumWorker::end() {
  unit_->progress.reset();
  const UnitCondition after = failed_.status == IoStatus::ok ? UnitCondition::ready : work_.failed;
  unit_->state->change(port_, ChangeCondition{work_.working, after}, [self = shared_from_this()](UnitAnswer answer) {
    if (answer == UnitAnswer::unavailable && ++self->tellings_ < kMaxMediumTries) return self->end();
    self->answer_end();
  });
}

void MediumWorker::answer_end() {
  if (work_.immediate) return;
  const bool ok = failed_.status == IoStatus::ok;
  answered_(ok ? CommandResult{.status = status::kGood, .transfer_bytes = work_.transfer_bytes} : failure(failed_));
}

}  // namespace shoal::scsi
