// MediumWorker: carries out MediumWork (answer.h). It holds itself and the unit until the end, so a command that is
// aborted, a session that ends and a reset change nothing: what a reset aborts is done again (SBC-3 4.36).
//
// Its operations are of no nexus: owners neither fence them nor know them when they are repeated, and filling blocks
// twice is as good as once. What ends it is a unit that is in that condition no more, because its keeper is another:
// what hosts write from then on is theirs. An owner that knows a newer state of the unit than we refuses an operation;
// the keeper says then whether the unit is still in that condition. It is over when its member is, too; the keeper then
// says what the unit is left in.
#pragma once

#include <memory>

#include "target/scsi/answer.h"

namespace shoal::scsi {

class MediumWorker : public std::enable_shared_from_this<MediumWorker> {
 public:
  // Answers the command once: when the unit's condition has changed, if the work is immediate or may not begin, else
  // when it has ended.
  static void start(std::shared_ptr<LogicalUnit> unit, InitiatorPort port, MediumWork work,
                    Completion<CommandResult> answered);

 private:
  MediumWorker(std::shared_ptr<LogicalUnit> unit, InitiatorPort port, MediumWork work,
               Completion<CommandResult> answered);

  void on_condition_changed(UnitAnswer answer);
  bool is_current() const;
  void advance();
  bool at_end() const;
  Operation next_operation() const;
  void submit(Operation operation);
  void confirm();
  void on_completed(std::uint64_t blocks, const IoResult& result);
  void end();
  void answer_end();

  std::shared_ptr<LogicalUnit> unit_;
  InitiatorPort port_;
  MediumWork work_;  // its last pass is a flush
  Completion<CommandResult> answered_;
  std::size_t pass_ = 0;
  std::uint64_t next_block_ = 0;  // of the pass
  unsigned tries_ = 0;            // of the next operation
  unsigned tellings_ = 0;         // of the end, that nobody has heard
  bool in_flight_ = false;        // one at a time: hosts of other units are to notice little
  bool advancing_ = false;        // advance() is on the stack: a device may complete before submit() returns
  IoResult failed_{};
};

}  // namespace shoal::scsi
