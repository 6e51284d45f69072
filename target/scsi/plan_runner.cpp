#include "target/scsi/plan_runner.h"

#include <algorithm>

#include "target/base/check.h"
#include "target/base/countdown.h"
#include "target/scsi/limits.h"
#include "target/scsi/medium_worker.h"
#include "target/unit/access.h"

namespace shoal::scsi {

namespace {

std::uint64_t read_bytes_of(const Plan& plan) {
  std::uint64_t bytes = 0;
  for (const Operation& operation : plan.operations) {
    if (operation.kind == OperationKind::read) bytes += operation.range.count * kBlockBytes;
  }
  return bytes;
}

// What an operation needs of a persistent reservation. A flush is a command's that changes the unit.
AccessKind access_of(OperationKind kind) {
  const bool looks = kind == OperationKind::read || kind == OperationKind::lba_status;
  return looks ? AccessKind::read : AccessKind::write;
}

}  // namespace

PlanRunner::PlanRunner(std::shared_ptr<LogicalUnit> unit, Nexus nexus, std::shared_ptr<ReadBudget> budget)
    : unit_(std::move(unit)), nexus_(std::move(nexus)), budget_(std::move(budget)) {}

PlanRunner::~PlanRunner() { budget_->change(held_, 0); }

void PlanRunner::run(CommandId id, Answer answer, Completion<CommandResult> done) {
  const Origin origin{
      .nexus = nexus_.id, .generation = nexus_.generation, .reservation_generation = unit_->state->view().generation};
  const auto [at, fresh] = running_.try_emplace(id, Running{id, {}, origin, std::move(done)});
  CHECK(fresh, id.value);
  if (follow(at->second, std::move(answer))) advance(at->second);
}

// ---- steps

// Whether there is a plan that begins now; else the command may be gone.
bool PlanRunner::follow(Running& command, Answer answer) {
  if (Ask* const change = std::get_if<Ask>(&answer)) {
    ask(command, std::move(*change));
    return false;
  }
  if (MediumWork* const work = std::get_if<MediumWork>(&answer)) {
    wait_for(command, std::move(*work));
    return false;
  }
  if (CommandResult* const result = std::get_if<CommandResult>(&answer))
    return finish_with(command, std::move(*result));
  command.plan = std::get<Plan>(std::move(answer));
  command.next = 0;
  command.read_bytes = read_bytes_of(command.plan);
  if (command.read_bytes != 0 && (!waiting_.empty() || !has_room(command.read_bytes))) {
    waiting_.push_back(command.id);
    return false;
  }
  reading_ += command.read_bytes;
  note_held();
  return true;
}

void PlanRunner::ask(Running& command, Ask ask) {
  command.asking = true;
  command.ask_then = std::move(ask.then);
  unit_->state->change(nexus_.port, std::move(ask.change),
                       [weak = weak_from_this(), id = command.id](UnitAnswer answer) {
                         if (const auto self = weak.lock(); self && !self->stopped_) self->on_asked(id, answer);
                       });
}

void PlanRunner::on_asked(CommandId id, UnitAnswer answer) {
  Running& command = running_.at(id);
  command.asking = false;
  command.origin.reservation_generation = unit_->state->view().generation;  // which it may have changed itself
  auto then = std::move(command.ask_then);
  if (follow(command, then(answer))) advance(command);
}

void PlanRunner::wait_for(Running& command, MediumWork work) {
  command.work = ++last_work_;
  MediumWorker::start(unit_, nexus_.port, std::move(work),
                      [weak = weak_from_this(), id = command.id, work = command.work](CommandResult result) {
                        const auto self = weak.lock();
                        if (self && !self->stopped_) self->on_work_answered(id, work, std::move(result));
                      });
}

// Of a command that was aborted there is nothing left, or another by its id.
void PlanRunner::on_work_answered(CommandId id, std::uint64_t work, CommandResult result) {
  const auto found = running_.find(id);
  if (found != running_.end() && found->second.work == work) finish_with(found->second, std::move(result));
}

// An aborted step is the last one, and so is one that failed, unless the plan knows how to go on.
bool PlanRunner::end_step(Running& command) {
  const bool failed = command.failed.status != IoStatus::ok;
  if (!command.plan.then || (failed && !command.plan.then_if_failed)) {
    finish(command);
    return false;
  }
  if (command.aborted) return finish_with(command, {.status = status::kTaskAborted});
  reading_ -= std::exchange(command.read_bytes, 0);
  note_held();
  auto then = std::move(command.plan.then);
  IoResult last = std::exchange(command.last, {});
  return follow(command, then(failed ? std::exchange(command.failed, {}) : std::move(last)));
}

// ---- room for what is read

bool PlanRunner::has_room(std::uint64_t read_bytes) {
  if (budget_->may_hold(held_, read_bytes)) return true;
  if (!std::exchange(awaits_room_, true)) budget_->wait(weak_from_this());
  return false;
}

void PlanRunner::on_room() {
  awaits_room_ = false;
  begin_waiting();
}

void PlanRunner::note_held() {
  const std::uint64_t before = std::exchange(held_, reading_ + unsent_);
  if (held_ != before) budget_->change(before, held_);
}

void PlanRunner::set_unsent(std::uint64_t bytes) {
  unsent_ = bytes;
  begin_waiting();
}

// A read may complete before it has begun for its caller, which then tells what is unsent: that is the loop's to see.
void PlanRunner::begin_waiting() {
  note_held();
  if (std::exchange(beginning_, true)) return;
  while (!stopped_ && !waiting_.empty()) {
    Running& first = running_.at(waiting_.front());
    if (!has_room(first.read_bytes)) break;
    waiting_.pop_front();
    reading_ += first.read_bytes;
    note_held();
    advance(first);
  }
  beginning_ = false;
}

// They have touched nothing, so the device need not be asked.
void PlanRunner::abort_waiting() {
  for (const CommandId id : std::exchange(waiting_, {})) {
    if (stopped_) return;
    Running& command = running_.at(id);
    command.read_bytes = 0;  // it was never counted
    finish(command);
  }
}

void PlanRunner::abort_workers() {
  std::vector<CommandId> ids;
  for (const auto& [id, command] : running_) {
    if (command.work != 0) ids.push_back(id);
  }
  for (const CommandId id : ids) {
    if (stopped_) return;
    if (const auto found = running_.find(id); found != running_.end()) {
      finish_with(found->second, {.status = status::kTaskAborted});
    }
  }
}

// ---- operations

// Step after step in a loop: where the device completes before submit() returns, none is on the stack of the one
// before.
void PlanRunner::advance(Running& command) {
  if (command.advancing) return;
  do {
    command.advancing = true;
    while (may_submit(command)) submit(command, next_operation(command), command.origin.reservation_generation);
    command.advancing = false;
  } while (command.in_flight.empty() && !stopped_ && end_step(command));
}

bool PlanRunner::may_submit(const Running& command) const {
  return !stopped_ && !command.aborted && command.failed.status == IoStatus::ok && !command.reading_partial &&
         command.in_flight.size() < kOperationsAtOnce && command.next < command.plan.operations.size();
}

Operation PlanRunner::next_operation(Running& command) {
  if (command.plan.partial) {
    command.reading_partial = true;
    return {.kind = OperationKind::read, .range = {command.plan.partial->block, 1}};
  }
  return std::move(command.plan.operations[command.next++]);
}

void PlanRunner::submit(Running& command, Operation operation, std::uint64_t reservation_generation) {
  const OperationId id = numbers_.next();
  command.in_flight.push_back({id, operation.kind, operation.range, operation.fua, reservation_generation});
  operation.origin = command.origin;
  operation.origin.id = id;
  operation.origin.issued_at = heard_;
  operation.origin.reservation_generation = reservation_generation;
  operation.origin.lowest_unfinished = numbers_.lowest_unfinished();
  device().submit(std::move(operation), [weak = weak_from_this(), command = command.id, id](IoResult result) {
    if (const auto self = weak.lock(); self && !self->stopped_) self->on_completed(command, id, std::move(result));
  });
}

void PlanRunner::on_completed(CommandId id, OperationId operation, IoResult result) {
  numbers_.finish(operation);
  const auto found = running_.find(id);
  CHECK(found != running_.end(), id.value, operation.value);
  Running& command = found->second;
  const auto at = std::ranges::find(command.in_flight, operation, &InFlight::id);
  const InFlight ended = *at;
  command.in_flight.erase(at);
  if (may_repeat(command, ended, result)) return repeat(command, ended, std::move(result.data));
  take_result(command, std::move(result));
  advance(command);
}

bool PlanRunner::may_repeat(const Running& command, const InFlight& refused, const IoResult& result) const {
  const UnitView& view = unit_->state->view();
  return result.status == IoStatus::stale_reservation && result.detail == 0 && !command.aborted &&
         command.failed.status == IoStatus::ok && view.generation > refused.reservation_generation &&
         view.condition == UnitCondition::ready && unit::allows(view, nexus_.port, access_of(refused.kind)) &&
         !unit::reserved_for_other(view, nexus_.port) &&
         !(is_mutation(refused.kind) && view.mode.software_write_protect);
}

// The generation grows each time, so there is an end to it. It is this operation's alone: what may be read now may be
// closed to the write that follows in the same command.
void PlanRunner::repeat(Running& command, const InFlight& refused, Slices data) {
  submit(command, {.kind = refused.kind, .range = refused.range, .fua = refused.fua, .data = std::move(data)},
         unit_->state->view().generation);
}

void PlanRunner::take_result(Running& command, IoResult result) {
  const bool was_partial = std::exchange(command.reading_partial, false);
  if (result.status != IoStatus::ok) {
    if (command.failed.status == IoStatus::ok) command.failed = std::move(result);
  } else if (was_partial) {
    const std::uint32_t given = command.plan.partial->given_bytes;
    Slices& data = command.plan.operations.front().data;
    for (Slice& slice : sub_slices(result.data, given, kBlockBytes - given)) data.push_back(std::move(slice));
    command.plan.partial.reset();
  } else {
    command.last = std::move(result);
  }
}

bool PlanRunner::finish_with(Running& command, CommandResult result) {
  command.result = std::move(result);
  finish(command);
  return false;
}

void PlanRunner::finish(Running& command) {
  CommandResult result = result_of(command);
  Completion<CommandResult> done = std::move(command.done);
  reading_ -= command.read_bytes;
  running_.erase(command.id);
  done(std::move(result));
  begin_waiting();
}

CommandResult PlanRunner::result_of(Running& command) const {
  if (command.result) return std::move(*command.result);
  if (command.failed.status != IoStatus::ok) return failure_of(command);
  if (command.next < command.plan.operations.size()) return {.status = status::kTaskAborted};
  return {.status = status::kGood, .data = std::move(command.last.data), .transfer_bytes = command.plan.transfer_bytes};
}

// An owner that knows newer reservations than we did may mean one that excludes us, or only that the command is to be
// repeated.
CommandResult PlanRunner::failure_of(const Running& command) const {
  const AccessKind access = access_of(command.plan.operations.front().kind);
  if (command.failed.status == IoStatus::stale_reservation &&
      !unit::allows(unit_->state->view(), nexus_.port, access)) {
    return {.status = status::kReservationConflict};
  }
  return failure(command.failed);
}

// ---- aborts

void PlanRunner::select_and_abort(const AbortSelection& selection, Completion<> done) {
  auto when_here = [weak = weak_from_this(), done = std::move(done)]() mutable {
    if (const auto self = weak.lock(); self && !self->stopped_) done();
  };
  device().abort(selection, std::move(when_here));
}

void PlanRunner::abort(CommandId id, Completion<> done) {
  const auto found = running_.find(id);
  if (found == running_.end()) return done();
  if (const auto waits = std::ranges::find(waiting_, id); waits != waiting_.end()) {
    waiting_.erase(waits);
    found->second.read_bytes = 0;  // it was never counted
    finish(found->second);
    return stopped_ ? void() : done();
  }
  if (found->second.asking) return done();
  if (found->second.work != 0) {
    finish_with(found->second, {.status = status::kTaskAborted});
    return stopped_ ? void() : done();
  }
  found->second.aborted = true;
  const std::vector<InFlight> operations = found->second.in_flight;
  CHECK(!operations.empty(), id.value);
  const Countdown aborts(std::move(done));
  Completion<> all_asked = aborts.part();
  for (const InFlight& operation : operations)
    select_and_abort({nexus_.id, operation.id, nexus_.generation}, aborts.part());
  all_asked();
}

void PlanRunner::abort_all(Completion<> done) {
  abort_waiting();
  abort_workers();
  for (auto& [id, command] : running_) command.aborted = true;
  select_and_abort({.nexus = nexus_.id, .generation = nexus_.generation}, std::move(done));
}

}  // namespace shoal::scsi
