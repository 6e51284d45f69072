// DeviceServer: a session's logical unit (LUN 0 of its target), as SPC-4 and SBC-3 want it. A command goes in,
// operations on the unit's BlockDevice go out, a result comes back. One object a session: it keeps the nexus' unit
// attentions and numbers the operations of the nexus' generation, so that a command may need none, one, or several of
// them.
//
// The caller guarantees: commands are executed in the order in which the task set takes them; the write data are all
// there. Leaves out: which tasks a task management function is about.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "target/base/completion.h"
#include "target/base/ids.h"
#include "target/base/slice.h"
#include "target/base/time.h"
#include "target/ports/target_catalog.h"
#include "target/ports/unit_attention.h"
#include "target/ports/unit_state.h"
#include "target/scsi/read_budget.h"
#include "target/scsi/sense.h"

namespace shoal::scsi {

// Names a command for abort(): the caller's number, never that of another command that still runs.
using CommandId = Strong<struct CommandIdTag, std::uint64_t>;

struct CommandRequest {
  CommandId id;
  std::array<std::byte, 16> cdb{};
  std::uint64_t lun = 0;             // the eight bytes of SAM-5 4.7, big-endian
  bool read = false, write = false;  // the initiator expects data; gave data
  std::uint32_t expected_bytes = 0;  // that it expects or gave; 0 with neither
  Slices data;                       // write: exactly expected_bytes
};

// Whose commands they are.
struct Nexus {
  NexusId id;
  Generation generation;
  InitiatorPort port;
  std::shared_ptr<BlockDevice> device{};  // where its operations go; null: to the unit's
};

// As iscsi::Outcome: residuals are computed from transfer_bytes there.
struct CommandResult {
  std::uint8_t status = 0;       // SAM status
  std::optional<Sense> sense{};  // with CHECK CONDITION; its form on the wire is the unit's (D_SENSE)
  Slices data;
  std::uint64_t transfer_bytes = 0;
};

class DeviceServer {
 public:
  // `reads` is shared by all sessions whose memory is one; null: this one has its own.
  DeviceServer(std::shared_ptr<LogicalUnit> unit, Nexus nexus, std::shared_ptr<ReadBudget> reads = nullptr);
  ~DeviceServer();
  DeviceServer(const DeviceServer&) = delete;

  // Completes once, perhaps before it returns; after the object is gone, not any more.
  void execute(CommandRequest request, Completion<CommandResult> done);

  // Each completes when nothing of the commands it is about can touch data on any member, none of their operations that
  // were not submitted yet included. The commands complete before it, with TASK ABORTED or with their own result.
  // Perhaps before it returns, which it does for a command that is not running.
  void abort(CommandId id, Completion<> done);
  void abort_all(Completion<> done);  // of this nexus: ABORT TASK SET, CLEAR TASK SET (TST = 001), end of the session

  // Bytes of results that the caller has and cannot pass on yet: while there are many, reads wait (read_budget.h).
  void set_unsent(std::uint64_t bytes);

  // The latest sign of life of the initiator: it waits for what it has asked for (plan_runner.h).
  void set_heard(Time at);

  // Reported by the next command that may report it; at most kMaxUnitAttentions wait, no two alike.
  void raise(UnitAttention attention);
  const std::vector<UnitAttention>& waiting() const;  // in the order in which they will be reported

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::scsi
