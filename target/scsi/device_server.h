// DeviceServer: a session's logical unit (LUN 0 of its target), as SPC-4 and SBC-3 want it. A command goes in, operations on the
// unit's BlockDevice go out, a result comes back. One object a session: it keeps the nexus' unit attentions.
//
// The caller guarantees: commands are executed in the order in which the task set takes them; the write data are all there.
// Leaves out: task management (the driver aborts at the BlockDevice), reservations beyond their port.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "target/base/completion.h"
#include "target/base/slice.h"
#include "target/ports/target_catalog.h"
#include "target/ports/target_events.h"

namespace shoal::scsi {

struct CommandRequest {
  std::array<std::byte, 16> cdb{};
  std::uint64_t lun = 0;             // the eight bytes of SAM-5 4.7, big-endian
  bool read = false, write = false;  // the initiator expects data; gave data
  std::uint32_t expected_bytes = 0;  // that it expects or gave; 0 with neither
  Slices data;                       // write: exactly expected_bytes
  Origin origin;                     // of the nexus, with an id of its own
};

// As iscsi::Outcome: residuals are computed from transfer_bytes there.
struct CommandResult {
  std::uint8_t status = 0;  // SAM status
  Slice sense;
  Slices data;
  std::uint64_t transfer_bytes = 0;
};

class DeviceServer {
 public:
  explicit DeviceServer(std::shared_ptr<LogicalUnit> unit);
  ~DeviceServer();
  DeviceServer(const DeviceServer&) = delete;

  // Completes once, perhaps before it returns; after the object is gone, not any more.
  void execute(CommandRequest request, Completion<CommandResult> done);
  // Reported by the next command that may report it; at most kMaxUnitAttentions wait, no two alike.
  void raise(UnitAttention attention);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::scsi
