// PlanRunner: carries out what one nexus' commands answer, step by step. Numbers their operations, keeps a few of each
// in flight, and knows which are, so that an abort meets all of them and lets no further one begin. A command ends when
// nothing of it is in flight. Reads wait, in their order, while as many bytes as they may hold (read_budget.h) are
// read or to be sent.
//
// What an owner refuses because it knows newer reservations is checked against ours as they are by then, and repeated
// under a new number where they are newer and allow it; not where some of its blocks may have been changed already.
//
// A command may take longer than the age that owners accept (ghost writes, rule (d) in ARCHITECTURE.md), to begin as
// well as to end. Each of its operations is as old as the last sign of life of the initiator, which still waited for it
// then. So nothing of a command begins whose initiator has been silent for that long.
//
// A command that asks for a change of the unit's state is not aborted: the change may itself end the tasks of this
// nexus (PREEMPT AND ABORT), and would wait for its own end. One that waits for work on the medium is aborted at once;
// the work goes on (medium_worker.h).
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "target/scsi/answer.h"
#include "target/scsi/operation_numbers.h"
#include "target/scsi/read_budget.h"

namespace shoal::scsi {

class PlanRunner : public ReadBudget::Waiter, public std::enable_shared_from_this<PlanRunner> {
 public:
  PlanRunner(std::shared_ptr<LogicalUnit> unit, Nexus nexus, std::shared_ptr<ReadBudget> budget);
  ~PlanRunner() override;

  // As DeviceServer::execute.
  void run(CommandId id, Answer answer, Completion<CommandResult> done);
  // As those of DeviceServer.
  void set_unsent(std::uint64_t bytes);
  void set_heard(Time at) { heard_ = at; }
  void abort(CommandId id, Completion<> done);
  void abort_all(Completion<> done);
  // Its device server is gone, perhaps by a completion that is on the stack: nothing begins and nothing completes any
  // more.
  void stop() { stopped_ = true; }

 private:
  struct InFlight {
    OperationId id;
    OperationKind kind;
    BlockRange range;
    bool fua;
    std::uint64_t reservation_generation;
  };
  struct Running {
    CommandId id;
    Plan plan;
    Origin origin;  // of all its operations, apart from their numbers and ages
    Completion<CommandResult> done;
    std::uint64_t read_bytes = 0;
    std::size_t next = 0;  // in plan.operations
    std::vector<InFlight> in_flight{};
    bool reading_partial = false;
    bool advancing = false;  // advance() is on the stack: a device may complete before submit() returns
    bool asking = false;     // the unit's state
    std::uint64_t work = 0;  // on the medium, that it waits for; 0: none
    UniqueFunction<Answer(UnitAnswer answer)> ask_then{};
    bool aborted = false;
    IoResult failed{};                      // the first operation that did not end well
    IoResult last{};                        // of those that ended well, partial blocks apart
    std::optional<CommandResult> result{};  // its last step's
  };

  BlockDevice& device() const { return nexus_.device ? *nexus_.device : *unit_->device; }

  void on_room() override;
  bool has_room(std::uint64_t read_bytes);
  void note_held();
  bool follow(Running& command, Answer answer);
  void ask(Running& command, Ask ask);
  void on_asked(CommandId command, UnitAnswer answer);
  void wait_for(Running& command, MediumWork work);
  void on_work_answered(CommandId command, std::uint64_t work, CommandResult result);
  void begin_waiting();
  void abort_waiting();
  void abort_workers();
  void advance(Running& command);
  bool may_submit(const Running& command) const;
  static Operation next_operation(Running& command);
  void submit(Running& command, Operation operation, std::uint64_t reservation_generation);
  void on_completed(CommandId command, OperationId operation, IoResult result);
  bool may_repeat(const Running& command, const InFlight& refused, const IoResult& result) const;
  void repeat(Running& command, const InFlight& refused, Slices data);
  static void take_result(Running& command, IoResult result);
  bool end_step(Running& command);
  bool finish_with(Running& command, CommandResult result);
  void finish(Running& command);
  CommandResult result_of(Running& command) const;
  CommandResult failure_of(const Running& command) const;
  void select_and_abort(const AbortSelection& selection, Completion<> done);

  std::shared_ptr<LogicalUnit> unit_;
  Nexus nexus_;
  Time heard_{};  // the latest sign of life of the initiator
  OperationNumbers numbers_;
  std::map<CommandId, Running> running_;
  std::deque<CommandId> waiting_;  // of running_: reads that have not begun
  std::uint64_t reading_ = 0;      // bytes of the reads that have
  std::uint64_t unsent_ = 0;       // of results
  std::shared_ptr<ReadBudget> budget_;
  std::uint64_t held_ = 0;    // of what is read or unsent, as the budget knows it
  bool awaits_room_ = false;  // the budget will tell
  std::uint64_t last_work_ = 0;
  bool beginning_ = false;  // begin_waiting() is on the stack
  bool stopped_ = false;
};

}  // namespace shoal::scsi
