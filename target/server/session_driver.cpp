#include "target/server/session_driver.h"

#include <algorithm>
#include <utility>

#include "target/scsi/answer.h"
#include "target/scsi/lun.h"
#include "target/server/data_faults.h"
#include "target/server/login_answers.h"
#include "target/unit/attentions.h"

namespace shoal::server {
namespace {

using iscsi::TaskFunction;
using iscsi::TaskResponse;

bool addresses_set_of_unit(TaskFunction function) {
  return function == TaskFunction::abort_task_set || function == TaskFunction::clear_task_set ||
         function == TaskFunction::logical_unit_reset;
}

}  // namespace

SessionDriver::SessionDriver(ServerContext& context, SessionConnection& connection, std::shared_ptr<LogicalUnit> unit,
                             SessionInfo info)
    : context_(context),
      connection_(&connection),
      unit_(std::move(unit)),
      info_(std::move(info)),
      heard_(context.runtime.now()) {}

SessionDriver::~SessionDriver() {
  if (claimed_) context_.registry.release(info_.nexus_id, info_.generation, memory());
}

// ---- the nexus

void SessionDriver::claim() {
  claiming_ = true;
  context_.registry.claim(info_.nexus, *this, [weak = weak_from_this()](const Result<NexusClaim, ClaimError>& claim) {
    if (const auto self = weak.lock()) self->on_claimed(claim);
  });
}

void SessionDriver::on_claimed(const Result<NexusClaim, ClaimError>& claim) {
  claiming_ = false;
  if (claim) {
    claimed_ = true;
    info_.nexus_id = claim->id;
    info_.generation = claim->generation;
    scsi::Nexus nexus{claim->id, claim->generation, port()};
    nexus.device = context_.catalog.device_of_session(*unit_, info_.number, info_.nexus.initiator_name);
    device_server_ = std::make_unique<scsi::DeviceServer>(unit_, std::move(nexus), context_.reads);
    device_server_->set_heard(heard_);
    recall(claim->memory);
  }
  if (connection_) connection_->answer_claim(claimed(claim));
  advance();
}

// However a session ended, its nexus was lost (RFC 7143 6.3.5.1; SAM-5 6.3.4). What it had not reported yet, and what
// has happened since, is told all the same: a host that moves must not miss that it was preempted.
void SessionDriver::recall(const std::optional<NexusMemory>& memory) {
  if (!memory) return device_server_->raise(unit::kPowerOn);
  std::vector<UnitAttention> told = memory->waiting;
  for (const UnitAttention& missed : unit_->state->missed(port(), memory->moment)) told.push_back(missed);
  const bool says_more = std::ranges::find(told, unit::kPowerOn) != told.end();
  if (!says_more) device_server_->raise(unit::kNexusLoss);
  for (const UnitAttention& attention : told) device_server_->raise(attention);
}

NexusMemory SessionDriver::memory() const {
  NexusMemory memory{unit_->state->moment(), {}};
  if (device_server_) memory.waiting = device_server_->waiting();
  return memory;
}

void SessionDriver::begin(const iscsi::SessionParameters& parameters) {
  serving_ = true;
  info_.initiator_alias = parameters.initiator_alias;
  info_.since = context_.runtime.now();
  ++context_.counters.logins;
  context_.log.info("session_begun number={} nexus={} generation={:#x} volume={} initiator={} peer={}", info_.number,
                    info_.nexus_id, info_.generation.value, info_.volume, quoted(info_.nexus.initiator_name),
                    info_.peer.to_string());
}

// ---- tasks

void SessionDriver::start(iscsi::Command command) {
  if (ending_) return;
  ++running_;
  ++info_.commands;
  ++context_.counters.commands;
  scsi::CommandRequest request{.id = scsi::CommandId{command.task.value},
                               .cdb = command.cdb,
                               .lun = command.lun.value,
                               .read = command.read,
                               .write = command.write,
                               .expected_bytes = command.expected_bytes,
                               .data = std::move(command.data)};
  device_server_->execute(std::move(request),
                          [this, task = command.task, expected = command.expected_bytes, write = command.write](
                              scsi::CommandResult result) { on_result(task, expected, write, std::move(result)); });
}

void SessionDriver::fail(const iscsi::CommandFailed& failed) {
  if (ending_) return;
  ++info_.commands;
  ++context_.counters.commands;
  ++context_.counters.check_conditions;
  connection_->complete(failed.command.task,
                        {.status = scsi::status::kCheckCondition, .sense = encoded(sense_of(failed.fault))});
}

void SessionDriver::on_result(iscsi::TaskId task, std::uint32_t expected_bytes, bool write,
                              scsi::CommandResult result) {
  --running_;
  count(result, expected_bytes, write);
  if (connection_) {
    connection_->complete(task, {.status = result.status,
                                 .sense = encoded(result.sense),
                                 .data = std::move(result.data),
                                 .transfer_bytes = result.transfer_bytes});
    on_sent();
  }
  if (running_ == 0) advance();
}

Slice SessionDriver::encoded(const std::optional<scsi::Sense>& sense) const {
  return sense ? scsi::encode(*sense, unit_->state->view().mode.descriptor_sense) : Slice{};
}

// What a slow host does not take keeps further reads from the device.
void SessionDriver::on_sent() {
  if (connection_ && device_server_) device_server_->set_unsent(connection_->unsent_bytes());
}

void SessionDriver::on_heard(Time at) {
  heard_ = at;
  if (device_server_) device_server_->set_heard(at);
}

void SessionDriver::count(const scsi::CommandResult& result, std::uint32_t expected_bytes, bool write) {
  if (result.status == scsi::status::kCheckCondition) ++context_.counters.check_conditions;
  const std::uint64_t bytes = std::min<std::uint64_t>(result.transfer_bytes, expected_bytes);
  (write ? info_.written_bytes : info_.read_bytes) += bytes;
  (write ? context_.counters.written_bytes : context_.counters.read_bytes) += bytes;
}

void SessionDriver::manage(const iscsi::ManagementAsked& asked) {
  if (ending_) return;
  if (addresses_set_of_unit(asked.function) && !scsi::is_lun_0(asked.lun.value)) {
    return connection_->complete_management(asked.id, TaskResponse::lun_does_not_exist);
  }
  carry_out(asked, [weak = weak_from_this(), id = asked.id, function = asked.function](TaskResponse response) {
    if (const auto self = weak.lock()) self->on_managed(id, function, response);
  });
}

void SessionDriver::carry_out(const iscsi::ManagementAsked& asked, Managed done) {
  switch (asked.function) {
    case TaskFunction::logical_unit_reset: return reset_unit(ResetKind::logical_unit, std::move(done));
    case TaskFunction::target_warm_reset: return reset_unit(ResetKind::target_warm, std::move(done));
    case TaskFunction::target_cold_reset: return reset_unit(ResetKind::target_cold, std::move(done));
    default: break;
  }
  auto complete = until_aborted([done = std::move(done)]() mutable { done(TaskResponse::complete); });
  if (asked.function == TaskFunction::abort_task) return abort_tasks(asked.tasks, std::move(complete));
  device_server_->abort_all(std::move(complete));  // a task set is its nexus' own (TST = 001)
}

void SessionDriver::abort_tasks(const std::vector<iscsi::TaskId>& tasks, Completion<> done) {
  const Countdown aborts(std::move(done));
  Completion<> all_asked = aborts.part();
  for (const iscsi::TaskId task : tasks) device_server_->abort(scsi::CommandId{task.value}, aborts.part());
  all_asked();
}

// Of the unit everywhere in the group: the tasks of this nexus end as those of all others do (suffer()).
void SessionDriver::reset_unit(ResetKind kind, Managed done) {
  unit_->state->change(port(), ResetUnit{kind}, [done = std::move(done)](UnitAnswer answer) mutable {
    done(answer == UnitAnswer::good ? TaskResponse::complete : TaskResponse::rejected);
  });
}

// What is being aborted may touch data until the device says otherwise, though its command may have been answered.
Completion<> SessionDriver::until_aborted(Completion<> done) {
  ++aborts_open_;
  return [weak = weak_from_this(), done = std::move(done)]() mutable {
    const auto self = weak.lock();
    if (!self) return;
    --self->aborts_open_;
    done();
    self->advance();
  };
}

void SessionDriver::on_managed(iscsi::ManagementId id, TaskFunction function, TaskResponse response) {
  if (!connection_) return;
  connection_->complete_management(id, response);
  const bool ends = function == TaskFunction::target_cold_reset && response == TaskResponse::complete;
  if (ends) connection_->close("target cold reset");  // RFC 7143 11.5.1
}

void SessionDriver::suffer(const unit::Consequences& consequences, const Countdown& ends) {
  const InitiatorPort port = this->port();
  for (const auto& [attention, audience] : consequences.announcements) {
    if (audience.includes(port)) device_server_->raise(attention);
  }
  if (consequences.aborted.includes(port)) abort_everything(ends.part());
  if (consequences.ended.includes(port)) end("target cold reset", ends.part());
}

// Also what still gathers its data, or waits for other tasks: it must not begin after the reset has been answered.
void SessionDriver::abort_everything(Completion<> done) {
  if (connection_) connection_->abort_undelivered();
  device_server_->abort_all(until_aborted(std::move(done)));
}

// ---- what the world wants

void SessionDriver::end(const std::string& reason, Completion<> done) {
  ends_.push_back(std::move(done));
  if (connection_) connection_->close(reason);
  begin_end();
}

void SessionDriver::drop_after_tasks(const std::string& reason, Completion<> quiet, Completion<> done) {
  ReleaseNexus release = [quiet = std::move(quiet)](const NexusMemory&, Completion<> released) mutable {
    quiet();
    released();
  };
  drop({.reason = reason}, std::move(release), std::move(done));
}

void SessionDriver::drop(const LeaveOrder& order, ReleaseNexus release, Completion<> done) {
  drops_.push_back(std::move(done));
  if (giving_up_) {
    release(memory(), [] {});  // the nexus is on its way back already
  } else {
    releases_.push_back(std::move(release));
  }
  if (!connection_ || ending_) return;
  context_.log.info("session_drop number={} reason={}", info_.number, quoted(order.reason));
  info_.dropping = true;
  leave_ = order;
  if (order.how == Departure::polite) return request_logout(order.logout_within, order.reason);
  connection_->begin_drop();
}

void SessionDriver::request_logout(Duration within, const std::string& reason) {
  if (!connection_ || ending_) return;
  context_.log.info("session_logout_requested number={} reason={}", info_.number, quoted(reason));
  logout_wanted_ = true;
  connection_->request_logout(within);
}

void SessionDriver::raise_unit_attention(UnitAttention attention) {
  if (device_server_) device_server_->raise(attention);
}

// ---- the end

void SessionDriver::log_out() {
  logging_out_ = true;
  advance();
}

void SessionDriver::on_quiet() {
  quiet_ = true;
  advance();
}

void SessionDriver::on_ended() {
  connection_ = nullptr;
  begin_end();
}

void SessionDriver::on_closed() {
  closed_ = true;
  advance();
}

void SessionDriver::begin_end() {
  if (!std::exchange(ending_, true) && running_ != 0) device_server_->abort_all(until_aborted([] {}));
  advance();
}

// Goes on with whatever way out was taken, as soon as nothing runs any more.
void SessionDriver::advance() {
  if (running_ != 0 || aborts_open_ != 0 || !unit_released()) return;
  if (logging_out_ && connection_ && nexus_settled()) connection_->finish_logout();
  const bool logs_out_to_move = logging_out_ && !nexus_settled();
  if (!ending_ && !quiet_ && !logs_out_to_move) return;
  if (!claiming_) give_up_nexus();
  if (!ending_) return;
  tell_all(ends_);
  if (!closed_ || claiming_ || claimed_) return;
  tell_all(drops_);
  context_.runtime.post([keep = shared_from_this()] {});  // we may have been called from below
  context_.sessions.remove(info_.number);
}

// It is known where the next login goes, if anybody is to decide that.
bool SessionDriver::nexus_settled() const { return giving_up_ ? releases_open_ == 0 : releases_.empty(); }

// RESERVE ends with its nexus, unless the session only moves: before the host is told of its logout, and before anybody
// else is told that the session has ended. Where no keeper answers it stays, until a reset or the nexus' next end.
bool SessionDriver::unit_released() {
  if (losing_) return false;
  const bool lost = (logging_out_ && !logout_wanted_) || (ending_ && !info_.dropping && !logout_wanted_);
  if (!lost || !claimed_ || told_lost_ || unit_->state->view().reserved_by != port()) return true;
  losing_ = told_lost_ = true;
  unit_->state->change(port(), NexusLost{}, [weak = weak_from_this()](UnitAnswer) {
    const auto self = weak.lock();
    if (!self) return;
    self->losing_ = false;
    self->context_.runtime.post([self] { self->advance(); });
  });
  return false;
}

void SessionDriver::give_up_nexus() {
  if (std::exchange(giving_up_, true)) return;
  auto releases = std::exchange(releases_, {});
  releases_open_ = releases.size() + 1;
  for (ReleaseNexus& release : releases) {
    release(memory(), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->release_nexus();
    });
  }
  release_nexus();
}

// When all have said so.
void SessionDriver::release_nexus() {
  if (--releases_open_ != 0) return;
  if (std::exchange(claimed_, false)) context_.registry.release(info_.nexus_id, info_.generation, memory());
  if (connection_ && quiet_ && !logging_out_) send_away();
  advance();
}

void SessionDriver::send_away() {
  if (leave_.how != Departure::logout) return connection_->send_drop_event();
  logout_wanted_ = true;
  connection_->send_drop_and_logout_events(leave_.logout_within);
}

// From the loop, so that nobody is called back from inside a call.
void SessionDriver::tell_all(std::vector<Completion<>>& waiting) {
  for (Completion<>& done : std::exchange(waiting, {})) context_.runtime.post(std::move(done));
}

SessionInfo SessionDriver::info() const {
  SessionInfo info = info_;
  info.open_tasks = connection_ ? connection_->open_tasks() : running_;
  return info;
}

}  // namespace shoal::server
